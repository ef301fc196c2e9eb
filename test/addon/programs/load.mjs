// Keeps a node busy from inside its own process: connections that pipeline commands of both planes without end.
import { connect } from "node:net";

const pipeline = Buffer.from(
  `${"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n".repeat(20)}*2\r\n$6\r\nCLIENT\r\n$4\r\nINFO\r\n*1\r\n$4\r\nINFO\r\n`,
);

/** Resolves when so many chunks of replies have come; the load goes on. */
export function keepBusy(port, connections, chunks) {
  return new Promise((resolve) => {
    let left = chunks;
    for (let index = 0; index < connections; index += 1) {
      const socket = connect(port, "127.0.0.1", () => socket.write(pipeline));
      socket.on("error", () => {});
      socket.on("data", () => {
        socket.write(pipeline);
        left -= 1;
        if (left === 0) resolve();
      });
    }
  });
}

export const quiet = { port: 0, walFile: "", snapshotFile: "", dashboardPort: "", ioThreads: 2 };
