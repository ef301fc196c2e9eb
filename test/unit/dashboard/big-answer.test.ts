// An answer larger than what the socket takes at once arrives whole at a slow reader, on both servers.
import { createConnection } from "node:net";
import { expect, test } from "vitest";
import { chooseHost, type HostChoice, loadUws } from "../../../src/dashboard/choose-host.ts";

const choices: HostChoice[] = loadUws() === undefined ? ["node:http"] : ["uWebSockets.js", "node:http"];
const bodyBytes = 30 * 1024 * 1024;

test.each(choices)("on %s", async (choice) => {
  const body = Buffer.alloc(bodyBytes, "x");
  const host = await chooseHost(choice, {
    respond: async () => ({ status: 200, headers: {}, body }),
    refuseUpgrade: () => undefined,
    opened: () => {},
    closed: () => {},
  });
  const port = await host.listen("127.0.0.1", 0);
  try {
    const socket = createConnection(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let received = 0;
    socket.on("data", (bytes) => {
      received += bytes.length;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await new Promise((resolve, reject) => {
      socket.on("close", resolve);
      socket.on("error", reject);
    });
    expect(received).toBeGreaterThan(bodyBytes);
    expect(received).toBeLessThan(bodyBytes + 1000);
  } finally {
    await host.close();
  }
});
