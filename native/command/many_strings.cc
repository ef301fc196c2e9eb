// MGET, MSET and MSETNX: several keys in one atomic step.
#include "command/handlers.h"
#include "command/key_list.h"

namespace distcache::command {
namespace {

constexpr size_t kFirstKey = 1, kStep = 2;  // key value [key value ...]

bool BeginPairs(Call& call, KeyList* keys) {
  if (!keys->Locate(call, kFirstKey, kStep)) return false;
  store::Intent intent{.writes = true, .adds_keys = true};
  for (size_t i = kFirstKey + 1; i < call.count(); i += kStep) intent.value_bytes += call.text(i).size();
  return call.Begin(keys->all(), intent);
}

bool StorePairs(Call& call, const KeyList& keys) {
  for (size_t i = 0; i < keys.size(); i++) {
    if (!call.Fits(call.Store(keys[i], kFirstKey + i * kStep + 1, 0))) return false;
  }
  return true;
}

}  // namespace

namespace handlers {

void GetMany(Call& call) {
  KeyList keys;
  if (!keys.Locate(call, 1, 1) || !call.Begin(keys.all(), {})) return;
  call.reply.Array(keys.size());
  for (const store::Key& key : keys.all()) call.ValueOrNull(call.access().Get(key));
}

void SetMany(Call& call) {
  if (call.count() % 2 == 0) return call.FailArity("mset");
  KeyList keys;
  if (!BeginPairs(call, &keys)) return;
  if (StorePairs(call, keys)) call.reply.Ok();
}

void SetManyIfMissing(Call& call) {
  if (call.count() % 2 == 0) return call.FailArity("msetnx");
  KeyList keys;
  if (!BeginPairs(call, &keys)) return;
  for (const store::Key& key : keys.all()) {
    if (call.access().Peek(key) != nullptr) return call.reply.Integer(0);
  }
  if (StorePairs(call, keys)) call.reply.Integer(1);
}

}  // namespace handlers
}  // namespace distcache::command
