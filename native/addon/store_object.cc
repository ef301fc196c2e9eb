// Making, sharing, bounding and counting: what is not on the hot path.
#include "addon/store_object.h"

#include <string>
#include <utility>

#include "addon/arguments.h"
#include "port/clock.h"
#include "port/random.h"

namespace distcache::addon {
namespace {

// What an external of ours points to. The mark tells it from any other external a program could pass.
struct StoreReference {
  static constexpr uint64_t kMark = 0x5d15cac4e5704e01;
  uint64_t mark = kMark;
  std::shared_ptr<StoreCore> core;
};

// About what an empty store takes. The engine is told, so that a program which makes and drops many has them collected.
constexpr int64_t kEmptyStoreBytes = 128 * 1024;

napi_value MakeReference(napi_env env, std::shared_ptr<StoreCore> core) {
  auto* reference = new StoreReference{.core = std::move(core)};
  const auto finalize = [](napi_env env, void* data, void*) {
    int64_t all_bytes = 0;
    napi_adjust_external_memory(env, -kEmptyStoreBytes, &all_bytes);
    delete static_cast<StoreReference*>(data);
  };
  napi_value external = nullptr;
  if (!Check(env, napi_create_external(env, reference, finalize, nullptr, &external))) {
    delete reference;
    return nullptr;
  }
  int64_t all_bytes = 0;
  napi_adjust_external_memory(env, kEmptyStoreBytes, &all_bytes);
  return external;
}

bool ReadPolicy(napi_env env, napi_value value, store::EvictionPolicy* policy) {
  uint64_t number = 0;
  if (!ReadUnsigned(env, value, static_cast<uint64_t>(store::EvictionPolicy::kNoEviction), &number)) return false;
  *policy = static_cast<store::EvictionPolicy>(number);
  return true;
}

napi_value Create(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  store::StoreOptions options;
  uint64_t databases = 0, shards = 0;
  if (!ReadUnsigned(env, arguments[0], 1u << 16, &databases) || !ReadUnsigned(env, arguments[1], 512, &shards) ||
      !ReadUnsigned(env, arguments[2], kMaxSafeInteger, &options.max_entries) ||
      !ReadUnsigned(env, arguments[3], kMaxSafeInteger, &options.max_memory_bytes) ||
      !ReadPolicy(env, arguments[4], &options.policy)) {
    return nullptr;
  }
  options.databases = static_cast<uint32_t>(databases);
  options.shards = static_cast<uint32_t>(shards);
  port::FillRandom(options.seed.data(), options.seed.size());
  Result<std::shared_ptr<StoreCore>> core = StoreCore::Create(options);
  if (core.ok()) return MakeReference(env, std::move(core.value()));
  ThrowStatus(env, core.status());
  return nullptr;
}

napi_value Attach(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  uint64_t handle = 0;
  if (!ReadUnsigned(env, arguments[0], kMaxSafeInteger, &handle)) return nullptr;
  std::shared_ptr<StoreCore> core = StoreCore::FindByHandle(handle);
  if (core != nullptr) return MakeReference(env, std::move(core));
  Throw(env, "NOT_FOUND", "no store has handle " + std::to_string(handle) + ", or not any more");
  return nullptr;
}

napi_value Handle(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  return core == nullptr ? nullptr : MakeNumber(env, static_cast<double>((*core)->handle()));
}

bool ReadDatabase(napi_env env, napi_value value, const store::Store& store, uint32_t* database) {
  uint64_t number = 0;
  if (!ReadUnsigned(env, value, store.database_count() - 1, &number)) return false;
  *database = static_cast<uint32_t>(number);
  return true;
}

template <uint64_t (store::Store::*count)(uint32_t) const>
napi_value Count(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint32_t database = 0;
  if (core == nullptr || !ReadDatabase(env, arguments[1], (*core)->store(), &database)) return nullptr;
  return MakeNumber(env, static_cast<double>(((*core)->store().*count)(database)));
}

napi_value Sweep(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t max_entries = 0;
  if (core == nullptr || !ReadUnsigned(env, arguments[1], UINT32_MAX, &max_entries)) return nullptr;
  return MakeNumber(env, static_cast<double>((*core)->store().SweepExpired(port::UnixTimeMs(), max_entries)));
}

napi_value SetBounds(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t max_entries = 0, max_memory_bytes = 0;
  store::EvictionPolicy policy;
  if (core == nullptr || !ReadUnsigned(env, arguments[1], kMaxSafeInteger, &max_entries) ||
      !ReadUnsigned(env, arguments[2], kMaxSafeInteger, &max_memory_bytes) || !ReadPolicy(env, arguments[3], &policy)) {
    return nullptr;
  }
  (*core)->store().SetBounds(max_entries, max_memory_bytes, policy);
  return nullptr;
}

napi_value RefuseWrites(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  bool refuses = false;
  if (core != nullptr && ReadBool(env, arguments[1], &refuses)) (*core)->set_refuses_writes(refuses);
  return nullptr;
}

napi_value Stats(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  if (core == nullptr) return nullptr;
  const store::StoreStats stats = (*core)->store().Stats();
  const std::pair<const char*, uint64_t> fields[] = {
      {"entries", stats.entries},
      {"entriesWithExpiry", stats.entries_with_expiry},
      {"usedBytes", stats.used_bytes},
      {"peakUsedBytes", stats.peak_used_bytes},
      {"evicted", stats.evicted},
      {"expired", stats.expired},
      {"hits", stats.hits},
      {"misses", stats.misses},
      {"indexSlots", stats.index_slots},
      {"indexUsed", stats.index_used},
      {"keyBytes", stats.key_bytes},
      {"valueBytes", stats.value_bytes},
  };
  napi_value object = nullptr;
  if (!Check(env, napi_create_object(env, &object))) return nullptr;
  for (const auto& [name, number] : fields) {
    napi_value value = MakeNumber(env, static_cast<double>(number));
    if (value == nullptr || !Check(env, napi_set_named_property(env, object, name, value))) return nullptr;
  }
  return object;
}

}  // namespace

const std::shared_ptr<StoreCore>* ReadStore(napi_env env, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) == napi_ok && data != nullptr) {
    auto* reference = static_cast<StoreReference*>(data);
    if (reference->mark == StoreReference::kMark) return &reference->core;
  }
  Throw(env, "INVALID_ARGUMENT", "expected a reference to a store");
  return nullptr;
}

void RegisterStore(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {
      {"storeCreate", Create},
      {"storeAttach", Attach},
      {"storeHandle", Handle},
      {"storeEntryCount", Count<&store::Store::EntryCount>},
      {"storeEntryCountWithExpiry", Count<&store::Store::EntryCountWithExpiry>},
      {"storeSweep", Sweep},
      {"storeSetBounds", SetBounds},
      {"storeRefuseWrites", RefuseWrites},
      {"storeStats", Stats},
  };
  Define(env, exports, kMethods);
  RegisterStoreCalls(env, exports);
  RegisterStoreMany(env, exports);
  RegisterStoreScan(env, exports);
}

}  // namespace distcache::addon
