#include "addon/snapshot_object.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/fields.h"
#include "addon/job.h"
#include "addon/log_object.h"
#include "addon/segment_object.h"
#include "addon/store_object.h"
#include "snapshot/entry.h"
#include "snapshot/loader.h"
#include "snapshot/reader.h"
#include "snapshot/writer.h"

namespace distcache::addon {
namespace {

using snapshot::SnapshotInfo;

napi_value MakeInfo(napi_env env, const SnapshotInfo& info) {
  return Fields(env)
      .Number("version", info.version)
      .Hex("logId", info.log_id)
      .Hex("snapshotId", info.snapshot_id)
      .Number("firstSequence", info.first_sequence)
      .Number("lastSequence", info.last_sequence)
      .Time("startedAtMs", info.started_at_ms)
      .Time("finishedAtMs", info.finished_at_ms)
      .Number("databases", info.databases)
      .Number("blocks", info.blocks)
      .Number("entries", info.entries)
      .Number("records", info.records)
      .Number("sizeBytes", info.file_bytes)
      .object();
}

// A job whose work gives the facts of a file.
napi_value StartInfoJob(napi_env env, const std::string& path,
                        std::function<Result<SnapshotInfo>(snapshot::Progress*)> work) {
  auto info = std::make_shared<SnapshotInfo>();
  return StartJob(env, {.file = path,
                        .work =
                            [info, work = std::move(work)](snapshot::Progress* progress) {
                              const Result<SnapshotInfo> result = work(progress);
                              if (result.ok()) *info = result.value();
                              return result.status();
                            },
                        .make_result = [info](napi_env done_env) { return MakeInfo(done_env, *info); }});
}

bool ReadPath(napi_env env, napi_value value, std::string* path) {
  BytesArgument bytes;
  if (!bytes.Read(env, value)) return false;
  *path = bytes.view();
  return true;
}

napi_value Write(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  LogObject* log = core == nullptr ? nullptr : LogObject::Unwrap(env, arguments[1]);
  std::string path;
  bool is_background = false;
  if (log == nullptr || !ReadPath(env, arguments[2], &path) || !ReadBool(env, arguments[3], &is_background)) {
    return nullptr;
  }
  return StartInfoJob(env, path, [core = *core, buffer = log->buffer(), path, is_background](auto* progress) {
    return snapshot::WriteSnapshot(&core->store(), buffer.get(),
                                   {.path = path, .progress = progress, .is_background = is_background});
  });
}

napi_value Load(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  std::string path;
  uint64_t threads = 0;
  if (core == nullptr || !ReadPath(env, arguments[1], &path) || !ReadUnsigned(env, arguments[2], 1024, &threads)) {
    return nullptr;
  }
  return StartInfoJob(env, path, [core = *core, path, threads](snapshot::Progress* progress) {
    return snapshot::LoadSnapshot(&core->store(),
                                  {.path = path, .threads = static_cast<uint32_t>(threads), .progress = progress});
  });
}

napi_value Verify(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string path;
  uint64_t threads = 0;
  if (!ReadPath(env, arguments[0], &path) || !ReadUnsigned(env, arguments[1], 1024, &threads)) return nullptr;
  return StartInfoJob(env, path, [path, threads](snapshot::Progress* progress) {
    return snapshot::CheckSnapshot({.path = path, .threads = static_cast<uint32_t>(threads), .progress = progress});
  });
}

napi_value Inspect(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  std::string path;
  if (!ReadPath(env, arguments[0], &path)) return nullptr;
  const Result<snapshot::Reader> reader = snapshot::Reader::Open(path);
  if (reader.ok()) return MakeInfo(env, reader.value().info());
  ThrowStatus(env, reader.status(), {.file = path});
  return nullptr;
}

// The class SnapshotReader: a place in the list of blocks.
constexpr napi_type_tag kReaderTag = {0x90f2c4175ea86b3d, 0x35d7e1b8f04a926c};

struct BlockWalk {
  std::string path;
  snapshot::Reader reader;
  size_t next = 0;
  std::vector<char> buffer;
  wal::Record record;
};

BlockWalk* Unwrap(napi_env env, napi_value self) {
  if (void* data = UnwrapTagged(env, self, kReaderTag)) return static_cast<BlockWalk*>(data);
  Throw(env, "INVALID_ARGUMENT", "expected a SnapshotReader");
  return nullptr;
}

napi_value Construct(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  std::string path;
  if (!IsConstructing(env, info) || !ReadPath(env, arguments[0], &path)) return nullptr;
  Result<snapshot::Reader> reader = snapshot::Reader::Open(path);
  if (!reader.ok()) {
    ThrowStatus(env, reader.status(), {.file = path});
    return nullptr;
  }
  auto* walk = new BlockWalk{.path = path, .reader = std::move(reader.value()), .next = 0, .buffer = {}, .record = {}};
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<BlockWalk*>(data); };
  if (Check(env, napi_type_tag_object(env, arguments.self(), &kReaderTag)) &&
      Check(env, napi_wrap(env, arguments.self(), walk, finalize, nullptr, nullptr))) {
    return arguments.self();
  }
  delete walk;
  return nullptr;
}

napi_value ReadInfo(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  BlockWalk* walk = Unwrap(env, arguments.self());
  return walk == nullptr ? nullptr : MakeInfo(env, walk->reader.info());
}

napi_value MakeEntry(napi_env env, const snapshot::Entry& entry) {
  return Fields(env)
      .Number("database", entry.database)
      .Number("type", entry.type)
      .Time("expiresAtMs", entry.expires_at_ms)
      .Number("idleSeconds", entry.idle_s)
      .Bytes("key", entry.key)
      .Bytes("value", entry.value)
      .object();
}

// Fills `array` with the block's entries or records; what is wrong, if anything.
Status FillArray(napi_env env, BlockWalk* walk, const snapshot::Reader::Block& block, std::string_view payload,
                 napi_value array) {
  for (uint32_t i = 0; i < block.count; ++i) {
    napi_value item = nullptr;
    if (block.kind == snapshot::BlockKind::kEntries) {
      snapshot::Entry entry;
      if (!snapshot::ReadEntry(&payload, &entry))
        return walk->reader.CorruptAt(block.offset_bytes, "no list of entries");
      item = MakeEntry(env, entry);
    } else {
      const uint32_t seed = wal::ChecksumSeed(walk->reader.info().log_id);
      if (wal::ParseRecord(wal::Format::kBinary, seed, payload, &walk->record, nullptr) != wal::ParseResult::kOk) {
        return walk->reader.CorruptAt(block.offset_bytes, "no list of records");
      }
      payload.remove_prefix(walk->record.size_bytes);
      item = MakeRecord(env, walk->record, block.offset_bytes);
    }
    if (item == nullptr || !Check(env, napi_set_element(env, array, i, item))) return Status::Ok();  // pending
  }
  return Status::Ok();
}

// next() -> undefined at the end | {kind: "entries" | "records", offset, items}
napi_value Next(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  BlockWalk* walk = Unwrap(env, arguments.self());
  if (walk == nullptr || walk->next == walk->reader.blocks().size()) return nullptr;
  const snapshot::Reader::Block& block = walk->reader.blocks()[walk->next];
  const Result<std::string_view> payload = walk->reader.ReadBlock(block, &walk->buffer);
  napi_value array = nullptr;
  if (!Check(env, napi_create_array(env, &array))) return nullptr;
  const Status status = payload.ok() ? FillArray(env, walk, block, payload.value(), array) : payload.status();
  if (!status.ok()) {
    ThrowStatus(env, status, {.file = walk->path, .offset_bytes = static_cast<int64_t>(block.offset_bytes)});
    return nullptr;
  }
  ++walk->next;
  return Fields(env)
      .Text("kind", block.kind == snapshot::BlockKind::kEntries ? "entries" : "records")
      .Number("offset", block.offset_bytes)
      .Value("items", array)
      .object();
}

}  // namespace

void RegisterSnapshots(napi_env env, napi_value exports) {
  static constexpr Method kFunctions[] = {
      {"snapshotWrite", Write}, {"snapshotLoad", Load}, {"snapshotCheck", Verify}, {"snapshotInspect", Inspect}};
  Define(env, exports, kFunctions);
  static constexpr Method kMethods[] = {{"info", ReadInfo}, {"next", Next}};
  DefineClass(env, exports, "SnapshotReader", Construct, kMethods);
}

}  // namespace distcache::addon
