// A program that embeds a node and keeps its main thread busy whenever the file it is given is there.
import { existsSync } from "node:fs";
import { createNode } from "../../../dist/index.js";

const [dataDir, blockFile] = process.argv.slice(2);
const node = await createNode({ port: 0, dataDir, walFsync: "no" }).start();
console.log(`port ${node.port}`);
setInterval(() => {
  if (!existsSync(blockFile)) return;
  console.log("blocked");
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(blockFile)) Atomics.wait(pause, 0, 0, 5);
}, 5);
