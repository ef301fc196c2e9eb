// Snapshots for JavaScript: write, load, check, look into.
#pragma once

#include <node_api.h>

namespace distcache::addon {

// Exports snapshotWrite(store, log, path, isBackground), snapshotLoad(store, path, threads) and snapshotCheck(path, threads), which start jobs
// whose promises give the file's facts; snapshotInspect(path), which gives them at once from header and footer; and the class
// SnapshotReader(path), whose next() gives block after block.
void RegisterSnapshots(napi_env env, napi_value exports);

}  // namespace distcache::addon
