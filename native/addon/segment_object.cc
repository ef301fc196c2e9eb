#include "addon/segment_object.h"

#include <memory>
#include <string>
#include <utility>

#include "addon/arguments.h"
#include "addon/fields.h"
#include "addon/job.h"
#include "addon/log_object.h"
#include "addon/store_object.h"
#include "wal/segment_replay.h"

namespace distcache::addon {
namespace {

std::string_view EndName(wal::ReadResult end) {
  switch (end) {
    case wal::ReadResult::kTorn:
      return "torn";
    case wal::ReadResult::kDamaged:
      return "damaged";
    default:
      return "end";
  }
}

std::string_view FormatName(wal::Format format) { return format == wal::Format::kText ? "text" : "binary"; }

napi_value MakeOutcome(napi_env env, const wal::SegmentOutcome& outcome) {
  Fields fields(env);
  fields.Text("end", EndName(outcome.end))
      .Text("reason", outcome.reason)
      .Number("records", outcome.records)
      .Number("applied", outcome.applied)
      .Number("lastSequence", outcome.last_sequence)
      .Number("validBytes", outcome.valid_bytes)
      .Number("sizeBytes", outcome.size_bytes);
  if (!outcome.has_header) return fields.Text("logId", "").object();
  return fields.Hex("logId", outcome.header.log_id)
      .Text("format", FormatName(outcome.header.format))
      .Number("firstSequence", outcome.header.first_sequence)
      .Time("createdAtMs", outcome.header.created_at_ms)
      .object();
}

// `core` may be null: then records are only checked.
napi_value StartReplay(napi_env env, std::shared_ptr<StoreCore> core, std::string path, uint64_t after_sequence) {
  auto outcome = std::make_shared<wal::SegmentOutcome>();
  const auto work = [outcome, core = std::move(core), path, after_sequence](snapshot::Progress* progress) -> Status {
    Result<std::unique_ptr<wal::ByteSource>> source = wal::OpenFileSource(path);
    if (!source.ok()) return source.status();
    const Result<wal::SegmentOutcome> read =
        wal::ReplaySegment(std::move(source.value()), {.store = core == nullptr ? nullptr : &core->store(),
                                                       .after_sequence = after_sequence,
                                                       .done_bytes = &progress->bytes,
                                                       .is_cancelled = &progress->is_cancelled});
    if (!read.ok())
      return {read.status().code(), path + ": " + std::string(read.status().message()), read.status().os_error()};
    *outcome = read.value();
    return Status::Ok();
  };
  return StartJob(env, {.file = path, .work = work, .make_result = [outcome](napi_env done_env) {
                          return MakeOutcome(done_env, *outcome);
                        }});
}

napi_value Replay(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const auto* core = ReadStore(env, arguments[0]);
  BytesArgument path;
  uint64_t after_sequence = 0;
  if (core == nullptr || !path.Read(env, arguments[1]) ||
      !ReadUnsigned(env, arguments[2], wal::kLargestSequence, &after_sequence)) {
    return nullptr;
  }
  return StartReplay(env, *core, std::string(path.view()), after_sequence);
}

napi_value Verify(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  BytesArgument path;
  if (!path.Read(env, arguments[0])) return nullptr;
  return StartReplay(env, nullptr, std::string(path.view()), 0);
}

napi_value EncodeHeader(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  wal::SegmentHeader header;
  if (!ReadFormat(env, arguments[0], &header.format) || !ReadLogId(env, arguments[1], &header.log_id) ||
      !ReadUnsigned(env, arguments[2], wal::kLargestSequence, &header.first_sequence) ||
      !ReadInteger(env, arguments[3], &header.created_at_ms)) {
    return nullptr;
  }
  return MakeBuffer(env, wal::EncodeSegmentHeader(header));
}

// The class SegmentReader: a place in a segment.
constexpr napi_type_tag kReaderTag = {0xc83a5f60d91e27b4, 0x1f64b9a07d3ce852};

struct Walk {
  std::unique_ptr<wal::RecordReader> reader;
  wal::ReadResult last = wal::ReadResult::kRecord;
  wal::Record record;
  std::string encoded;
};

Walk* Unwrap(napi_env env, napi_value self) {
  if (void* data = UnwrapTagged(env, self, kReaderTag)) return static_cast<Walk*>(data);
  Throw(env, "INVALID_ARGUMENT", "expected a SegmentReader");
  return nullptr;
}

napi_value Construct(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  BytesArgument path;
  if (!IsConstructing(env, info) || !path.Read(env, arguments[0])) return nullptr;
  Result<std::unique_ptr<wal::ByteSource>> source = wal::OpenFileSource(std::string(path.view()));
  if (!source.ok()) {
    ThrowStatus(env, source.status(), {.file = path.view()});
    return nullptr;
  }
  auto walk = std::make_unique<Walk>();
  walk->reader = std::make_unique<wal::RecordReader>(std::move(source.value()));
  walk->last = walk->reader->ReadHeader();
  if (walk->last == wal::ReadResult::kDamaged || walk->last == wal::ReadResult::kFailed) {
    const bool is_damaged = walk->last == wal::ReadResult::kDamaged;
    ThrowStatus(env, {is_damaged ? StatusCode::kCorrupt : StatusCode::kIo, walk->reader->reason()},
                {.file = path.view(), .offset_bytes = 0});
    return nullptr;
  }
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Walk*>(data); };
  if (!Check(env, napi_type_tag_object(env, arguments.self(), &kReaderTag)) ||
      !Check(env, napi_wrap(env, arguments.self(), walk.get(), finalize, nullptr, nullptr))) {
    return nullptr;
  }
  walk.release();  // the engine's to delete
  return arguments.self();
}

// next(maxRecords) -> [record...]; empty at the end.
napi_value Next(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Walk* walk = Unwrap(env, arguments.self());
  uint64_t max_records = 0;
  napi_value array = nullptr;
  if (walk == nullptr || !ReadUnsigned(env, arguments[0], UINT32_MAX, &max_records) ||
      !Check(env, napi_create_array(env, &array))) {
    return nullptr;
  }
  for (uint32_t i = 0; i < max_records && walk->last == wal::ReadResult::kRecord; ++i) {
    const uint64_t offset_bytes = walk->reader->valid_bytes();
    walk->last = walk->reader->Next(&walk->record);
    if (walk->last != wal::ReadResult::kRecord) break;
    napi_value record = MakeRecord(env, walk->record, offset_bytes);
    if (record == nullptr || !Check(env, napi_set_element(env, array, i, record))) return nullptr;
  }
  return array;
}

// encode(format, maxBytes) -> a Buffer with the next records in that format, or undefined at the end.
napi_value EncodeNext(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  Walk* walk = Unwrap(env, arguments.self());
  wal::Format format{};
  uint64_t max_bytes = 0;
  if (walk == nullptr || !ReadFormat(env, arguments[0], &format) ||
      !ReadUnsigned(env, arguments[1], kMaxSafeInteger, &max_bytes)) {
    return nullptr;
  }
  const uint32_t checksum_seed = wal::ChecksumSeed(walk->reader->header().log_id);
  walk->encoded.clear();
  while (walk->encoded.size() < max_bytes && walk->last == wal::ReadResult::kRecord) {
    walk->last = walk->reader->Next(&walk->record);
    if (walk->last != wal::ReadResult::kRecord) break;
    const wal::Record& record = walk->record;
    const size_t at = walk->encoded.size();
    walk->encoded.resize(at + wal::EncodedRecordBytes(format, record.sequence, record.effects));
    wal::EncodeRecord(format, checksum_seed, record.sequence, record.effects, walk->encoded.data() + at);
  }
  return walk->encoded.empty() ? nullptr : MakeBuffer(env, walk->encoded);
}

// outcome(): what was read so far and, once next or encode came to the end, how it ended.
napi_value Outcome(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Walk* walk = Unwrap(env, arguments.self());
  if (walk == nullptr) return nullptr;
  const wal::RecordReader& reader = *walk->reader;
  return MakeOutcome(env, {.end = walk->last,
                           .reason = reader.reason(),
                           .has_header = reader.next_sequence() != 0,
                           .header = reader.header(),
                           .records = reader.record_count(),
                           .applied = 0,
                           .last_sequence = reader.next_sequence() == 0 ? 0 : reader.next_sequence() - 1,
                           .valid_bytes = reader.valid_bytes(),
                           .size_bytes = reader.size_bytes()});
}

std::string_view KindName(store::EffectKind kind) {
  switch (kind) {
    case store::EffectKind::kPut:
      return "put";
    case store::EffectKind::kRemove:
      return "remove";
    case store::EffectKind::kExpire:
      return "expire";
    case store::EffectKind::kWriteAt:
      return "writeAt";
    case store::EffectKind::kFlush:
      return "flush";
    case store::EffectKind::kFlushAll:
      return "flushAll";
    case store::EffectKind::kSwap:
      return "swap";
  }
  return "unknown";
}

napi_value MakeEffect(napi_env env, const store::Effect& effect) {
  return Fields(env)
      .Text("kind", KindName(effect.kind))
      .Number("database", effect.database)
      .Number("type", effect.type)
      .Time("expiresAtMs", effect.expires_at_ms)
      .Number("offset", effect.offset)
      .Bytes("key", effect.key)
      .Bytes("bytes", effect.bytes)
      .object();
}

}  // namespace

napi_value MakeRecord(napi_env env, const wal::Record& record, uint64_t offset_bytes) {
  napi_value effects = nullptr;
  if (!Check(env, napi_create_array_with_length(env, record.effects.size(), &effects))) return nullptr;
  for (uint32_t i = 0; i < record.effects.size(); ++i) {
    napi_value effect = MakeEffect(env, record.effects[i]);
    if (effect == nullptr || !Check(env, napi_set_element(env, effects, i, effect))) return nullptr;
  }
  return Fields(env)
      .Number("sequence", record.sequence)
      .Number("offset", offset_bytes)
      .Number("sizeBytes", record.size_bytes)
      .Value("effects", effects)
      .object();
}

void RegisterSegments(napi_env env, napi_value exports) {
  static constexpr Method kFunctions[] = {
      {"walReplay", Replay}, {"walCheck", Verify}, {"walEncodeHeader", EncodeHeader}};
  Define(env, exports, kFunctions);
  static constexpr Method kMethods[] = {{"next", Next}, {"encode", EncodeNext}, {"outcome", Outcome}};
  DefineClass(env, exports, "SegmentReader", Construct, kMethods);
}

}  // namespace distcache::addon
