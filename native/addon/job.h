// Long work (saving, loading, replaying) on a thread of Node's pool, as a promise; its progress can be read and it can be
// cancelled meanwhile. An environment that ends cancels its jobs and waits for them.
#pragma once

#include <node_api.h>

#include <functional>
#include <memory>
#include <string>

#include "core/status.h"
#include "snapshot/writer.h"

namespace distcache::addon {

struct JobParts {
  std::string file;  // named in an error
  // On the pool's thread. It keeps alive what it uses by holding it.
  std::function<Status(snapshot::Progress*)> work;
  // Back in the environment, after work was fine: the promise's value, or null with an exception pending.
  std::function<napi_value(napi_env)> make_result;
};

// Starts it; an object {promise, job}, or null with an exception pending. `job` is for the functions below.
napi_value StartJob(napi_env env, JobParts parts);

// Exports jobProgress(job) -> bytes done, and jobCancel(job): the promise rejects with CLOSED soon.
void RegisterJobs(napi_env env, napi_value exports);

}  // namespace distcache::addon
