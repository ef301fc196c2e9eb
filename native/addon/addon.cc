// The addon's entry: registers every class and function for one environment. A second load in the same process (a worker
// thread, or the main thread again) gets a state of its own.
#include <node_api.h>

#include "addon/environment.h"
#include "addon/file_lock.h"
#include "addon/job.h"
#include "addon/log_object.h"
#include "addon/metrics_object.h"
#include "addon/segment_object.h"
#include "addon/server_object.h"
#include "addon/snapshot_object.h"
#include "addon/store_object.h"

NAPI_MODULE_INIT() {
  using namespace distcache::addon;
  RegisterEnvironment(env, exports);
  RegisterFileLock(env, exports);
  RegisterStore(env, exports);
  RegisterServer(env, exports);
  RegisterJobs(env, exports);
  RegisterLog(env, exports);
  RegisterSegments(env, exports);
  RegisterSnapshots(env, exports);
  RegisterMetrics(env, exports);
  return exports;
}
