// `npm run bench:memory`: what an entry costs beyond the bytes of its key and value, as growth of resident memory, for this server
// and redis-server: one million keys of 16 bytes with values of 64.
//
//   npm run bench:memory
//   npm run bench:memory -- --entries 3000000 --value-bytes 200
//
// Each trial is a fresh process, measured at eight points of the load, since tables that double are at their best just
// before they do. Prints medians; writes bench/results/memory.json.
import { median, numberOption, printTable, writeResults } from "./harness/report.mjs";
import { benchmarkKey, RespConnection } from "./harness/resp-connection.mjs";
import { ServerProcess } from "./harness/server-process.mjs";

const points = 8;
const settings = {
  entries: numberOption("entries", 1_000_000),
  valueBytes: numberOption("value-bytes", 64),
  trials: numberOption("trials", 3),
};
const keyBytes = benchmarkKey(0).length;
const targetBytes = 36;

/** Bytes beyond keys and values an entry, at each point of the load. */
async function trial(kind) {
  const server = await ServerProcess.start(kind, { ioThreads: 1 });
  try {
    const connection = await RespConnection.open(server.port);
    const emptyBytes = server.rssBytes();
    const step = Math.floor(settings.entries / points);
    const measured = [];
    for (let point = 0; point < points; point += 1) {
      await connection.load(point * step, step, settings.valueBytes);
      const entries = (point + 1) * step;
      const grownBytes = server.rssBytes() - emptyBytes;
      measured.push({ entries, bytesAnEntry: grownBytes / entries - keyBytes - settings.valueBytes });
    }
    connection.close();
    return measured;
  } finally {
    await server.stop();
  }
}

const servers = ["redis", "distcache"];
const trials = [];
for (let round = 0; round < settings.trials; round += 1) {
  for (const server of servers) trials.push({ round, server, measured: await trial(server) });
}

const bytesAt = (server, point) =>
  median(trials.filter((one) => one.server === server).map((one) => one.measured[point].bytesAnEntry));
const summary = Array.from({ length: points }, (_, point) => ({
  entries: trials[0].measured[point].entries,
  ...Object.fromEntries(servers.map((server) => [server, bytesAt(server, point)])),
}));

printTable(
  ["entries", ...servers],
  summary.map((row) => [String(row.entries), ...servers.map((server) => `${row[server].toFixed(1)} B`)]),
);
console.log(`beyond key and value, an entry; target at ${settings.entries} entries: at most ${targetBytes} B`);
writeResults("memory", { settings: { ...settings, keyBytes }, summary, trials });
