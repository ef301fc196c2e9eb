#include "snapshot/writer.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/crc32c.h"
#include "port/clock.h"
#include "port/file.h"
#include "port/random.h"
#include "port/thread.h"
#include "snapshot/entry.h"
#include "snapshot/tail.h"

namespace distcache::snapshot {
namespace {

// Large enough that a block's header and system call cost nothing, small enough to stay in the cache between being filled,
// summed up and written.
constexpr size_t kBlockBytes = 256 * 1024;
// What a shard is locked for at a time: about as many entries as a segment of the index holds (the store looks at a whole segment
// anyway), but fewer when they are large. A few microseconds, unseen next to a command.
constexpr uint64_t kMostEntriesPerStep = 192;
constexpr uint64_t kBytesPerStep = 64 * 1024;

// A snapshot in the background works for so long, then rests three times as long; but not while so many writes wait for it.
constexpr uint64_t kWorkNs = 250'000;
constexpr uint64_t kRestsPerWork = 3;
constexpr uint64_t kLongestRestNs = 5'000'000;
constexpr uint64_t kTailToHurryBytes = 1 << 20;

uint64_t EntriesPerStep(const store::StoreStats& stats) {
  const uint64_t entry_bytes = (stats.key_bytes + stats.value_bytes) / std::max<uint64_t>(stats.entries, 1);
  return std::clamp<uint64_t>(kBytesPerStep / std::max<uint64_t>(entry_bytes, 1), 8, kMostEntriesPerStep);
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

class Writer {
 public:
  Writer(store::Store* store, wal::LogBuffer* log, const WriteOptions& options, port::File file)
      : store_(store),
        options_(options),
        tail_(log, store->database_count()),
        file_(std::move(file)),
        entries_per_step_(EntriesPerStep(store->Stats())) {
    info_.log_id = log->log_id();
    port::FillRandom(info_.snapshot_id.data(), info_.snapshot_id.size());
    checksum_seed_ = Crc32c(BytesOf(info_.snapshot_id));
    info_.first_sequence = tail_.first_sequence();
    info_.started_at_ms = port::UnixTimeMs();
    info_.databases = store->database_count();
    info_.hash_seed = store->seed();
    entries_.reserve(kBlockBytes * 2);
  }

  Result<SnapshotInfo> Write() {
    Status status = WriteHeader();
    for (uint32_t shard = 0; status.ok() && shard < store_->shard_count(); ++shard) status = WriteShard(shard);
    if (status.ok()) status = FlushEntries();
    if (status.ok()) status = WriteRestOfTail();
    if (status.ok()) status = WriteFooter();
    if (status.ok()) status = file_.SyncData();
    tail_.Stop();
    const Status closed = file_.Close();
    if (status.ok()) status = closed;
    if (!status.ok()) return status;
    return info_;
  }

 private:
  // A value in a block of its own memory: written from there, after the shard's lock was released.
  struct LargeEntry {
    std::string head;
    BlockRef value;
  };

  struct Idle {
    uint32_t tick = 0;
    bool is_known = false;
    uint64_t seconds = 0;
  };

  Status Put(std::span<const std::string_view> pieces) {
    const Status status = file_.WriteAll(pieces);
    for (const std::string_view piece : pieces) info_.file_bytes += piece.size();
    if (options_.progress != nullptr) {
      // Relaxed: figures for a human.
      options_.progress->bytes.store(info_.file_bytes, std::memory_order_relaxed);
      options_.progress->entries.store(info_.entries, std::memory_order_relaxed);
    }
    return status;
  }

  Status WriteHeader() {
    FileHeader header{};
    std::memcpy(header.magic.data(), kMagic.data(), kMagic.size());
    header.version = kFormatVersion;
    header.header_bytes = sizeof(header);
    header.log_id = info_.log_id;
    header.snapshot_id = info_.snapshot_id;
    header.first_sequence = info_.first_sequence;
    header.started_at_ms = info_.started_at_ms;
    header.databases = info_.databases;
    header.hash_seed = info_.hash_seed;
    header.checksum = Crc32c(BytesOf(header).substr(0, offsetof(FileHeader, checksum)));
    const std::string_view piece = BytesOf(header);
    return Put({&piece, 1});
  }

  Status WriteBlock(BlockKind kind, uint64_t count, std::string_view payload, std::string_view payload_end = {}) {
    BlockHeader header{0, kind, payload.size() + payload_end.size(), info_.blocks, count};
    uint32_t checksum = Crc32c(BytesOf(header).substr(sizeof(header.checksum)), checksum_seed_);
    checksum = Crc32c(payload, checksum);
    header.checksum = Crc32c(payload_end, checksum);
    ++info_.blocks;
    (kind == BlockKind::kEntries ? info_.entries : info_.records) += count;
    const std::string_view pieces[] = {BytesOf(header), payload, payload_end};
    return Put(pieces);
  }

  Status WriteShard(uint32_t shard) {
    uint64_t position = 0;
    do {
      position = store_->WalkShard(shard, position, entries_per_step_, port::UnixTimeMs(),
                                   [this](std::string_view key, uint32_t database, const store::ValueView& value) {
                                     Collect(key, database, value);
                                     return true;
                                   });
      for (const LargeEntry& large : large_) {
        const Status status = WriteBlock(BlockKind::kEntries, 1, large.head, large.value->view());
        if (!status.ok()) return status;
      }
      large_.clear();
      if (entries_.size() >= kBlockBytes) {
        const Status status = FlushEntries();
        if (!status.ok()) return status;
      }
      const Status status = WriteTail(kBlockBytes);
      if (!status.ok()) return status;
      if (options_.is_background) Rest();
    } while (position != 0);
    return Status::Ok();
  }

  void Rest() {
    const uint64_t worked_ns = port::MonotonicTimeNs() - rested_at_ns_;
    if (worked_ns < kWorkNs || tail_.WaitingBytes() > kTailToHurryBytes) return;
    port::SleepNs(std::min(worked_ns * kRestsPerWork, kLongestRestNs));
    rested_at_ns_ = port::MonotonicTimeNs();
  }

  // Under the shard's lock: copies and returns.
  void Collect(std::string_view key, uint32_t database, const store::ValueView& value) {
    const Entry entry{.database = tail_.DatabaseAtStart(database),
                      .type = static_cast<uint8_t>(value.type),
                      .expires_at_ms = value.expires_at_ms,
                      .idle_s = IdleSeconds(value.tick),
                      .key = key,
                      .value = {}};
    if (value.block != nullptr && *value.block) {
      LargeEntry& large = large_.emplace_back();
      large.value = *value.block;
      AppendEntryHead(entry, large.value->size(), &large.head);
      return;
    }
    AppendEntryHead(entry, value.bytes.size(), &entries_);
    entries_ += value.bytes;
    ++entry_count_;
  }

  // Ticks are shared by many entries, and asking the store costs more than all else that is done for one: answers are kept.
  uint64_t IdleSeconds(uint32_t tick) {
    Idle& known = idle_[tick % idle_.size()];
    if (!known.is_known || known.tick != tick) {
      const int64_t idle_ms = info_.started_at_ms - store_->AccessTimeOf(tick);
      known = {.tick = tick, .is_known = true, .seconds = idle_ms > 0 ? static_cast<uint64_t>(idle_ms) / 1000 : 0};
    }
    return known.seconds;
  }

  Status FlushEntries() {
    if (entry_count_ == 0) return Status::Ok();
    const Status status = WriteBlock(BlockKind::kEntries, entry_count_, entries_);
    entries_.clear();
    entry_count_ = 0;
    return status;
  }

  // Writes what waits in the tail once it is at least so much.
  Status WriteTail(uint64_t at_least_bytes) {
    if (options_.progress != nullptr && options_.progress->is_cancelled.load(std::memory_order_relaxed)) {
      return {StatusCode::kClosed, "the snapshot was cancelled"};
    }
    if (tail_.gave_up()) {
      return {StatusCode::kOutOfMemory, "writes came faster than the disk took them; the snapshot was given up"};
    }
    if (tail_.WaitingBytes() < at_least_bytes) return Status::Ok();
    const uint64_t count = tail_.Swap(&records_);
    return count == 0 ? Status::Ok() : WriteBlock(BlockKind::kRecords, count, records_);
  }

  Status WriteRestOfTail() {
    tail_.Stop();
    info_.last_sequence = tail_.last_sequence();
    return WriteTail(0);
  }

  Status WriteFooter() {
    info_.finished_at_ms = port::UnixTimeMs();
    Footer footer{};
    std::memcpy(footer.magic.data(), kFooterMagic.data(), kFooterMagic.size());
    footer.last_sequence = info_.last_sequence;
    footer.blocks = info_.blocks;
    footer.entries = info_.entries;
    footer.records = info_.records;
    footer.file_bytes = info_.file_bytes + sizeof(footer);
    footer.finished_at_ms = info_.finished_at_ms;
    footer.checksum = Crc32c(BytesOf(footer).substr(sizeof(footer.checksum)), checksum_seed_);
    const std::string_view piece = BytesOf(footer);
    return Put({&piece, 1});
  }

  store::Store* const store_;
  const WriteOptions& options_;
  Tail tail_;
  port::File file_;
  SnapshotInfo info_;
  uint32_t checksum_seed_ = 0;
  std::string entries_;
  uint64_t entry_count_ = 0;
  const uint64_t entries_per_step_;
  uint64_t rested_at_ns_ = port::MonotonicTimeNs();
  std::vector<LargeEntry> large_;
  std::vector<Idle> idle_ = std::vector<Idle>(4096);
  std::string records_;
};

}  // namespace

Result<SnapshotInfo> WriteSnapshot(store::Store* store, wal::LogBuffer* log, const WriteOptions& options) {
  Result<port::File> file = port::File::CreateForWriting(options.path);
  if (!file.ok()) return file.status();
  Result<SnapshotInfo> written = Writer(store, log, options, std::move(file.value())).Write();
  // Half a snapshot is worth nothing; that it cannot be removed either changes nothing for the caller.
  if (!written.ok()) static_cast<void>(port::RemoveFile(options.path));
  return written;
}

}  // namespace distcache::snapshot
