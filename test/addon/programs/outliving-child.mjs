// Starts a node, and a child process that outlives this one. Prints the node's port and the child's id, then ends.
import { spawn } from "node:child_process";
import { createNode } from "../../../dist/index.js";
import { keepBusy, quiet } from "./load.mjs";

const node = createNode(quiet);
await node.start();
await keepBusy(node.port, 2, 10);
const child = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
child.unref();
console.log(JSON.stringify({ port: node.port, child: child.pid }));
process.exit(0);
