#include "addon/job.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/fields.h"

namespace distcache::addon {
namespace {

using snapshot::Progress;

// Lives from StartJob to the completion callback; the progress lives as long as somebody can read it.
struct Job {
  JobParts parts;
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
  Status status;
  napi_env env = nullptr;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;

  static void OnEnvironmentEnd(void* data) { static_cast<Job*>(data)->progress->is_cancelled.store(true); }
  static void Execute(napi_env, void* data) {
    auto* job = static_cast<Job*>(data);
    job->status = job->parts.work(job->progress.get());
  }
  static void Complete(napi_env env, napi_status status, void* data);
  void Settle();
};

void Job::Complete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Job> job(static_cast<Job*>(data));
  napi_remove_env_cleanup_hook(env, OnEnvironmentEnd, job.get());
  if (status == napi_cancelled) job->status = {StatusCode::kClosed, "the environment ends"};
  job->Settle();
  napi_delete_async_work(env, job->work);
}

// Failing calls here mean that the environment is on its way out: nobody waits for the promise any more.
void Job::Settle() {
  napi_value value = status.ok() ? parts.make_result(env) : MakeError(env, status, {.file = parts.file});
  if (value == nullptr) {
    napi_get_and_clear_last_exception(env, &value);
    napi_reject_deferred(env, deferred, value);
  } else if (status.ok()) {
    napi_resolve_deferred(env, deferred, value);
  } else {
    napi_reject_deferred(env, deferred, value);
  }
}

// What the external `job` points to; the mark tells it from other externals.
struct ProgressReference {
  static constexpr uint64_t kMark = 0x7b1e90c2a4d35f68;
  uint64_t mark = kMark;
  std::shared_ptr<Progress> progress;
};

napi_value MakeReference(napi_env env, std::shared_ptr<Progress> progress) {
  auto* reference = new ProgressReference{.progress = std::move(progress)};
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<ProgressReference*>(data); };
  napi_value external = nullptr;
  if (Check(env, napi_create_external(env, reference, finalize, nullptr, &external))) return external;
  delete reference;
  return nullptr;
}

Progress* ReadProgress(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  napi_typeof(env, value, &type);
  if (type == napi_external && napi_get_value_external(env, value, &data) == napi_ok &&
      static_cast<ProgressReference*>(data)->mark == ProgressReference::kMark) {
    return static_cast<ProgressReference*>(data)->progress.get();
  }
  Throw(env, "INVALID_ARGUMENT", "expected a job");
  return nullptr;
}

// Relaxed: figures for a human.
napi_value ReadDone(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Progress* progress = ReadProgress(env, arguments[0]);
  if (progress == nullptr) return nullptr;
  return MakeNumber(env, static_cast<double>(progress->bytes.load(std::memory_order_relaxed)));
}

napi_value Cancel(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Progress* progress = ReadProgress(env, arguments[0]);
  if (progress != nullptr) progress->is_cancelled.store(true);
  return nullptr;
}

}  // namespace

napi_value StartJob(napi_env env, JobParts parts) {
  auto job = std::make_unique<Job>();
  job->parts = std::move(parts);
  job->env = env;
  napi_value promise = nullptr;
  napi_value name = MakeString(env, "distcache job");
  napi_value reference = MakeReference(env, job->progress);
  if (name == nullptr || reference == nullptr || !Check(env, napi_create_promise(env, &job->deferred, &promise)) ||
      !Check(env, napi_create_async_work(env, nullptr, name, Job::Execute, Job::Complete, job.get(), &job->work))) {
    return nullptr;
  }
  if (!Check(env, napi_add_env_cleanup_hook(env, Job::OnEnvironmentEnd, job.get()))) return nullptr;
  if (!Check(env, napi_queue_async_work(env, job->work))) {
    napi_remove_env_cleanup_hook(env, Job::OnEnvironmentEnd, job.get());
    return nullptr;
  }
  job.release();  // Complete deletes it
  return Fields(env).Value("promise", promise).Value("job", reference).object();
}

void RegisterJobs(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {{"jobProgress", ReadDone}, {"jobCancel", Cancel}};
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
