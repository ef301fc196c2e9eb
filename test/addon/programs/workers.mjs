// argv[2]: "terminate" ends workers while their nodes are busy, "exit" lets them exit, "process" ends the whole process.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Cache, createNode } from "../../../dist/index.js";
import { keepBusy, quiet } from "./load.mjs";

if (isMainThread) {
  const cache = new Cache({ maxEntries: 0 });
  const ends = process.argv[2];
  for (let round = 0; round < 3; round += 1) {
    const workers = [0, 1].map(
      () => new Worker(new URL(import.meta.url), { workerData: { handle: cache.handle(), ends } }),
    );
    const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const worker of workers) worker.on("error", (error) => console.error(error));
    await Promise.all(
      workers.map(async (worker) => {
        const port = await new Promise((resolve) => worker.once("message", resolve));
        await keepBusy(port, 4, 60);
      }),
    );
    if (ends === "process") process.exit(5);
    if (ends === "terminate") await Promise.all(workers.map((worker) => worker.terminate()));
    else for (const worker of workers) worker.postMessage("end");
    await Promise.all(ended);
  }
  if (cache.get("from-worker") !== "yes") throw new Error("the workers' writes are not there");
  console.log("done");
  process.exit(0);
} else {
  const shared = Cache.attach(workerData.handle);
  shared.set("from-worker", "yes");
  const node = createNode(quiet);
  await node.start();
  setInterval(() => shared.incr("count"), 1);
  parentPort.once("message", () => process.exit(0));
  parentPort.postMessage(node.port);
}
