// Walking over keys from JavaScript: one page a call, so that no call holds a lock or the main thread for long.
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "addon/store_object.h"
#include "command/glob.h"
#include "port/clock.h"

namespace distcache::addon {
namespace {

napi_value MakePage(napi_env env, uint64_t cursor, const std::vector<std::string>& keys) {
  napi_value page = nullptr, list = nullptr;
  napi_value next = MakeNumber(env, static_cast<double>(cursor));
  if (next == nullptr || !Check(env, napi_create_array_with_length(env, keys.size(), &list))) return nullptr;
  for (size_t index = 0; index < keys.size(); ++index) {
    napi_value key = MakeString(env, keys[index]);
    if (key == nullptr || !Check(env, napi_set_element(env, list, static_cast<uint32_t>(index), key))) return nullptr;
  }
  if (!Check(env, napi_create_object(env, &page)) || !Check(env, napi_set_named_property(env, page, "cursor", next)) ||
      !Check(env, napi_set_named_property(env, page, "keys", list))) {
    return nullptr;
  }
  return page;
}

napi_value Scan(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  uint64_t cursor = 0, count = 0, database = 0;
  BytesArgument pattern;
  if (core == nullptr || !ReadUnsigned(env, arguments[1], kMaxSafeInteger, &cursor) ||
      !ReadUnsigned(env, arguments[2], 1u << 20, &count) ||
      !ReadUnsigned(env, arguments[3], (*core)->store().database_count() - 1, &database) ||
      !pattern.Read(env, arguments[4])) {
    return nullptr;
  }
  std::vector<std::string> keys;
  const bool takes_all = pattern.view().empty() || pattern.view() == "*";
  const uint64_t next = (*core)->store().Scan(static_cast<uint32_t>(database), cursor, count, port::UnixTimeMs(),
                                              [&](std::string_view key, uint32_t, const store::ValueView&) {
                                                const bool matches =
                                                    takes_all || command::MatchesGlob(pattern.view(), key);
                                                if (matches) keys.emplace_back(key);
                                                return true;
                                              });
  return MakePage(env, next, keys);
}

}  // namespace

void RegisterStoreScan(napi_env env, napi_value exports) {
  static constexpr Method kMethods[] = {{"storeScan", Scan}};
  Define(env, exports, kMethods);
}

}  // namespace distcache::addon
