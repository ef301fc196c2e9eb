#include "snapshot/loader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "port/clock.h"
#include "port/thread.h"
#include "snapshot/entry.h"
#include "wal/record.h"
#include "wal/replay.h"

namespace distcache::snapshot {
namespace {

// Keys that are located and fetched ahead of being stored, so that the cache misses of one run beside the work of the others.
constexpr size_t kAhead = 16;
constexpr size_t kMaxThreads = 64;

// One load (store given) or check (no store). Entry blocks first, in any order, on all threads; then the records, in order.
class Load {
 public:
  Load(const Reader& reader, store::Store* store, Progress* progress)
      : reader_(reader), store_(store), progress_(progress) {}

  Status Run(uint32_t threads) {
    if (store_ != nullptr && store_->Stats().entries == 0) Prepare();
    threads_ = std::clamp<size_t>(threads, 1, kMaxThreads);
    std::vector<port::Thread> others;
    for (size_t i = 1; i < threads_; ++i) {
      Result<port::Thread> started = port::Thread::Start("distcache-load", [this] { LoadEntryBlocks(); });
      if (!started.ok()) break;  // fewer threads do the same work
      others.push_back(std::move(started.value()));
    }
    LoadEntryBlocks();
    for (port::Thread& other : others) other.Join();
    if (!failure_.ok()) return failure_;
    return LoadRecordBlocks();
  }

 private:
  void Prepare() {
    store_->ExpectEntries(reader_.info().entries);
    store_->BeginWithPast(port::UnixTimeMs());
    has_past_ = true;
    const store::HashSeed& seed = reader_.info().hash_seed;
    if (seed == store::HashSeed{}) return;
    store_->AdoptSeed(seed);  // the one that the entries were written under: each lands next to the one before
    is_in_order_ = true;
  }

  // The block of a ticket. Blocks of one shard stand together, so each thread that draws in turn gets a stretch of its own.
  size_t BlockOf(size_t ticket) const {
    const size_t stretch = (reader_.blocks().size() + threads_ - 1) / threads_;
    return ticket % threads_ * stretch + ticket / threads_;
  }

  void LoadEntryBlocks() {
    std::vector<char> buffer;
    const auto& blocks = reader_.blocks();
    // Relaxed: the counter hands out numbers and nothing else; failure_ is told by is_failed_ early and by the join for good.
    while (!is_failed_.load(std::memory_order_relaxed)) {
      const size_t ticket = next_ticket_.fetch_add(1, std::memory_order_relaxed);
      if (ticket >= blocks.size() + threads_) return;
      const size_t i = BlockOf(ticket);
      if (i >= blocks.size()) continue;
      if (blocks[i].kind != BlockKind::kEntries) continue;
      Status status = LoadEntries(blocks[i], &buffer);
      if (status.ok()) status = Advance(blocks[i]);
      if (!status.ok()) return Fail(std::move(status));
    }
  }

  void Fail(Status status) {
    const std::lock_guard lock(failure_mutex_);
    if (failure_.ok()) failure_ = std::move(status);
    is_failed_.store(true, std::memory_order_relaxed);
  }

  Status Advance(const Reader::Block& block) {
    reader_.Forget(block);
    if (progress_ == nullptr) return Status::Ok();
    progress_->bytes.fetch_add(sizeof(BlockHeader) + block.payload_bytes, std::memory_order_relaxed);
    if (block.kind == BlockKind::kEntries) progress_->entries.fetch_add(block.count, std::memory_order_relaxed);
    if (!progress_->is_cancelled.load(std::memory_order_relaxed)) return Status::Ok();
    return {StatusCode::kClosed, "loading was cancelled"};
  }

  Status LoadEntries(const Reader::Block& block, std::vector<char>* buffer) {
    const Result<std::string_view> payload = reader_.ReadBlock(block, buffer);
    if (!payload.ok()) return payload.status();
    std::string_view rest = payload.value();
    std::array<Entry, kAhead> entries;
    for (uint64_t left = block.count; left > 0;) {
      const size_t ahead = std::min<uint64_t>(left, kAhead);
      for (size_t i = 0; i < ahead; ++i) {
        if (!ReadEntry(&rest, &entries[i]) || entries[i].database >= reader_.info().databases) {
          return reader_.CorruptAt(block.offset_bytes, "the block's content is not a list of entries");
        }
      }
      const Status status = store_ == nullptr ? Status::Ok() : Keep({entries.data(), ahead}, block);
      if (!status.ok()) return status;
      left -= ahead;
    }
    if (!rest.empty()) return reader_.CorruptAt(block.offset_bytes, "the block holds more than its entries");
    return Status::Ok();
  }

  Status Keep(std::span<const Entry> entries, const Reader::Block& block) {
    std::array<store::Key, kAhead> keys;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].database >= store_->database_count()) {
        return {StatusCode::kInvalidArgument, "the snapshot has keys in database " +
                                                  std::to_string(entries[i].database) + " but there are only " +
                                                  std::to_string(store_->database_count()) + " (setting DATABASES)"};
      }
      keys[i] = store_->Locate(entries[i].database, entries[i].key);
    }
    if (!is_in_order_) store_->PrefetchAll({keys.data(), entries.size()});
    const store::TimeMs now_ms = wal::ReplayTimeMs(reader_.info().started_at_ms);
    for (size_t i = 0; i < entries.size(); ++i) {
      const Entry& entry = entries[i];
      if (entry.type != static_cast<uint8_t>(store::ValueType::kString)) {
        return reader_.CorruptAt(block.offset_bytes, "an entry has a type that this program does not know");
      }
      const store::Intent intent{
          .writes = true, .adds_keys = true, .must_succeed = true, .value_bytes = entry.value.size()};
      store::Access access;
      if (store_->Begin(&access, {&keys[i], 1}, intent, now_ms) != store::Admission::kOk ||
          access.Put(keys[i], entry.value, entry.expires_at_ms) != store::PutResult::kOk) {
        return {StatusCode::kOutOfMemory, "the snapshot does not fit into memory or MAX_MEMORY"};
      }
      if (has_past_) access.SetLastUse(keys[i], entry.idle_s);
      access.Commit();
    }
    return Status::Ok();
  }

  Status LoadRecordBlocks() {
    const uint32_t checksum_seed = wal::ChecksumSeed(reader_.info().log_id);
    const store::TimeMs now_ms = wal::ReplayTimeMs(reader_.info().started_at_ms);
    uint64_t next_sequence = reader_.info().first_sequence + 1;
    std::vector<char> buffer;
    wal::Record record;
    for (const Reader::Block& block : reader_.blocks()) {
      if (block.kind != BlockKind::kRecords) continue;
      const Result<std::string_view> payload = reader_.ReadBlock(block, &buffer);
      if (!payload.ok()) return payload.status();
      std::string_view rest = payload.value();
      for (uint64_t left = block.count; left > 0; --left) {
        if (wal::ParseRecord(wal::Format::kBinary, checksum_seed, rest, &record, nullptr) != wal::ParseResult::kOk ||
            record.sequence != next_sequence) {
          return reader_.CorruptAt(block.offset_bytes, "the block's content is not a list of records");
        }
        ++next_sequence;
        rest.remove_prefix(record.size_bytes);
        if (store_ == nullptr) continue;
        Status status = wal::ApplyEffects(store_, record.effects, now_ms);
        if (!status.ok()) return status;
      }
      if (!rest.empty()) return reader_.CorruptAt(block.offset_bytes, "the block holds more than its records");
      Status status = Advance(block);
      if (!status.ok()) return status;
    }
    return Status::Ok();
  }

  const Reader& reader_;
  store::Store* const store_;
  Progress* const progress_;
  bool is_in_order_ = false;
  bool has_past_ = false;
  size_t threads_ = 1;
  std::atomic<size_t> next_ticket_{0};
  std::atomic<bool> is_failed_{false};
  std::mutex failure_mutex_;
  Status failure_;
};

void Empty(store::Store* store) {
  store::Access access;
  const store::Intent intent{.writes = true, .all_shards = true, .must_succeed = true};
  if (store->Begin(&access, {}, intent, 1) != store::Admission::kOk) return;
  access.FlushAll();
  access.Commit();
}

}  // namespace

Result<SnapshotInfo> LoadSnapshot(store::Store* store, const LoadOptions& options) {
  const Result<Reader> reader = Reader::Open(options.path);
  if (!reader.ok()) return reader.status();
  Status status = Load(reader.value(), store, options.progress).Run(options.threads);
  if (status.ok()) return reader.value().info();
  Empty(store);
  return status;
}

Result<SnapshotInfo> CheckSnapshot(const LoadOptions& options) {
  const Result<Reader> reader = Reader::Open(options.path);
  if (!reader.ok()) return reader.status();
  Status status = Load(reader.value(), nullptr, options.progress).Run(options.threads);
  if (!status.ok()) return status;
  return reader.value().info();
}

}  // namespace distcache::snapshot
