#include "wal/segment_replay.h"

#include "wal/replay.h"

namespace distcache::wal {
namespace {

// Between looks at the clockwork: progress, cancelling, and entries whose deadline passed long ago.
constexpr uint64_t kRecordsBetweenLooks = 256;
constexpr uint64_t kSweepEntries = 64;

Status Failed(const RecordReader& reader, StatusCode code) { return {code, reader.reason()}; }

// False: cancelled.
bool Look(const RecordReader& reader, const SegmentReplayOptions& options, store::TimeMs now_ms) {
  // Relaxed, both: a figure and a wish.
  if (options.done_bytes != nullptr) options.done_bytes->store(reader.valid_bytes(), std::memory_order_relaxed);
  if (options.store != nullptr) options.store->SweepExpired(now_ms, kSweepEntries);
  return options.is_cancelled == nullptr || !options.is_cancelled->load(std::memory_order_relaxed);
}

Status ApplyRecords(RecordReader* reader, const SegmentReplayOptions& options, SegmentOutcome* outcome) {
  const store::TimeMs now_ms = ReplayTimeMs(reader->header().created_at_ms);
  Record record;
  while ((outcome->end = reader->Next(&record)) == ReadResult::kRecord) {
    if (record.sequence > options.after_sequence) {
      ++outcome->applied;
      if (options.store != nullptr) {
        Status status = ApplyEffects(options.store, record.effects, now_ms);
        if (!status.ok()) return status;
      }
    }
    if (reader->record_count() % kRecordsBetweenLooks == 0 && !Look(*reader, options, now_ms)) {
      return {StatusCode::kClosed, "reading the log was cancelled"};
    }
  }
  return outcome->end == ReadResult::kFailed ? Failed(*reader, StatusCode::kIo) : Status::Ok();
}

}  // namespace

Result<SegmentOutcome> ReplaySegment(std::unique_ptr<ByteSource> source, const SegmentReplayOptions& options) {
  RecordReader reader(std::move(source));
  SegmentOutcome outcome;
  outcome.end = reader.ReadHeader();
  if (outcome.end == ReadResult::kFailed) return Failed(reader, StatusCode::kIo);
  if (outcome.end == ReadResult::kDamaged) return Failed(reader, StatusCode::kCorrupt);
  outcome.has_header = outcome.end == ReadResult::kRecord;
  if (outcome.has_header) {
    Status status = ApplyRecords(&reader, options, &outcome);
    if (!status.ok()) return status;
    outcome.header = reader.header();
    outcome.last_sequence = reader.next_sequence() - 1;
  }
  outcome.reason = reader.reason();
  outcome.records = reader.record_count();
  outcome.valid_bytes = reader.valid_bytes();
  outcome.size_bytes = reader.size_bytes();
  return outcome;
}

}  // namespace distcache::wal
