// The addon loaded twice into one thread: two sets of exports, each with state of its own, both usable.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Cache, DistCacheError } from "../../../dist/index.js";

const path = fileURLToPath(new URL("../../../build/Release/distcache.node", import.meta.url));
const require = createRequire(import.meta.url);
const cache = new Cache();
cache.set("a", "1");
for (let round = 0; round < 3; round += 1) {
  delete require.cache[path];
  const addon = require(path);
  addon.initialise(DistCacheError);
  const store = addon.storeAttach(cache.handle());
  if (addon.storeGet(store, "a", 0) !== "1") throw new Error("another load sees another store");
}
console.log(cache.get("a"));
