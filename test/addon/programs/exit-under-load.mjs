// argv[2]: how the process ends while a node in it is busy.
import { createNode } from "../../../dist/index.js";
import { keepBusy, quiet } from "./load.mjs";

const node = createNode(quiet);
await node.start();
await keepBusy(node.port, 8, 200);
if (process.argv[2] === "exit") process.exit(7);
if (process.argv[2] === "throw") {
  setImmediate(() => {
    throw new Error("nobody catches this");
  });
}
if (process.argv[2] === "signal") process.kill(process.pid, "SIGTERM");
if (process.argv[2] === "stop") {
  await node.stop();
  process.exitCode = 9;
  // Connections of this process are closed by the node; nothing else keeps it alive.
}
