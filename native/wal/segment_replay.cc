#include "wal/segment_replay.h"

#include <algorithm>
#include <array>
#include <span>

#include "wal/replay.h"

namespace distcache::wal {
namespace {

// Between looks at the clockwork: progress, cancelling, and entries whose deadline passed long ago.
constexpr uint64_t kBatchesBetweenLooks = 16;
constexpr uint64_t kSweepEntries = 64;

Status Failed(const RecordReader& reader, StatusCode code) { return {code, reader.reason()}; }

// False: cancelled.
bool Look(const RecordReader& reader, const SegmentReplayOptions& options, store::TimeMs now_ms) {
  // Relaxed, both: a figure and a wish.
  if (options.done_bytes != nullptr) options.done_bytes->store(reader.valid_bytes(), std::memory_order_relaxed);
  if (options.store != nullptr) options.store->SweepExpired(now_ms, kSweepEntries);
  return options.is_cancelled == nullptr || !options.is_cancelled->load(std::memory_order_relaxed);
}

Status ReadRecords(RecordReader* reader, const SegmentReplayOptions& options, SegmentOutcome* outcome) {
  const store::TimeMs now_ms = ReplayTimeMs(reader->header().created_at_ms);
  std::array<Record, kReplayAhead> batch;
  for (uint64_t batches = 0; const size_t count = reader->NextBatch(batch); ++batches) {
    const uint64_t first_sequence = batch[0].sequence;
    const size_t known =
        options.after_sequence < first_sequence
            ? 0
            : static_cast<size_t>(std::min<uint64_t>(count, options.after_sequence - first_sequence + 1));
    outcome->applied += count - known;
    if (options.store != nullptr) {
      Status status = ApplyRecords(options.store, std::span(batch).subspan(known, count - known), now_ms);
      if (!status.ok()) return status;
    }
    if (batches % kBatchesBetweenLooks == 0 && !Look(*reader, options, now_ms)) {
      return {StatusCode::kClosed, "reading the log was cancelled"};
    }
  }
  outcome->end = reader->Next(&batch[0]);  // says again what ended it
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
    Status status = ReadRecords(&reader, options, &outcome);
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
