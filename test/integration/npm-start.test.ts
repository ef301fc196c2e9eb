// `npm start` as a supervisor sees it: it serves, and the signal that ends npm ends the node in order, leaving nothing behind.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/project.mjs";

test("SIGTERM to npm stops the node in order", async () => {
  const directory = mkdtempSync(join(tmpdir(), "distcache-npm-start-"));
  const npm = spawn("npm", ["start", "--silent", "--", "--port", "0", "--dashboard-port", ""], {
    cwd: root,
    env: { ...process.env, DATA_DIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const isReady = new Promise<void>((resolve) => {
    npm.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes(" is ready on ")) resolve();
    });
  });
  // "close" comes when the last process that holds the output is gone, so a node that npm left behind would hold it back.
  const closed = new Promise<void>((resolve) => npm.once("close", () => resolve()));
  await Promise.race([isReady, closed]);
  expect(output).toContain(" is ready on ");
  npm.kill("SIGTERM");
  await closed;
  expect(output).toContain("SIGTERM: stopping");
  expect(output).toContain('"stopped"');
  rmSync(directory, { recursive: true });
});
