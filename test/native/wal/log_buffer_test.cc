#include "wal/log_buffer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "port/clock.h"
#include "wal/effects.h"
#include "wal/record_reader.h"

namespace distcache::wal {
namespace {

std::string Copy(const LogBuffer::Prefix& prefix) {
  std::string bytes;
  for (const std::string_view span : prefix.spans) bytes += span;
  return bytes;
}

void Append(LogBuffer* buffer, std::string_view key, std::string_view value) {
  const store::Effect effect = Put(key, value);
  buffer->Append({&effect, 1}, store::WriteLog::kNoReservation);
}

// Every record in the bytes, in order and without a gap; the last sequence.
uint64_t CheckRecords(std::string_view bytes, uint64_t next) {
  Record record;
  while (!bytes.empty()) {
    std::string_view reason;
    EXPECT_EQ(ParseRecord(Format::kBinary, ChecksumSeed(TestLogId()), bytes, &record, &reason), ParseResult::kOk)
        << reason;
    EXPECT_EQ(record.sequence, next);
    if (record.sequence != next) break;
    ++next;
    bytes.remove_prefix(record.size_bytes);
  }
  return next - 1;
}

TEST(LogBuffer, GivesBackWhatWasAppendedInOrder) {
  LogBuffer buffer({.log_id = TestLogId(), .next_sequence = 41}, {});
  for (int i = 0; i < 5000; ++i) Append(&buffer, "key" + std::to_string(i), std::string(200, 'v'));
  EXPECT_EQ(buffer.last_sequence(), 5040u);
  const LogBuffer::Prefix prefix = buffer.Take(~0ull);
  EXPECT_EQ(prefix.first_sequence, 41u);
  EXPECT_EQ(prefix.last_sequence, 5040u);
  EXPECT_EQ(prefix.bytes, buffer.PendingBytes());
  EXPECT_EQ(CheckRecords(Copy(prefix), 41), 5040u);
  buffer.Release();
  EXPECT_EQ(buffer.PendingBytes(), 0u);
  EXPECT_TRUE(buffer.Take(~0ull).spans.empty());
}

TEST(LogBuffer, TakenBytesStayWhileOthersAppend) {
  LogBuffer buffer({.log_id = TestLogId()}, {});
  Append(&buffer, "a", "1");
  const LogBuffer::Prefix first = buffer.Take(~0ull);
  const std::string copy = Copy(first);
  for (int i = 0; i < 3000; ++i) Append(&buffer, "b", std::string(300, 'x'));
  EXPECT_EQ(Copy(first), copy);
  EXPECT_TRUE(buffer.Take(~0ull).spans.empty()) << "one prefix at a time";
  buffer.Release();
  const LogBuffer::Prefix second = buffer.Take(~0ull);
  EXPECT_EQ(second.first_sequence, 2u);
  EXPECT_EQ(CheckRecords(Copy(second), 2), 3001u);
}

TEST(LogBuffer, TakesInPiecesOfAboutTheAskedSize) {
  LogBuffer buffer({.log_id = TestLogId()}, {});
  for (int i = 0; i < 6000; ++i) Append(&buffer, "key", std::string(200, 'v'));
  uint64_t next = 1;
  int takes = 0;
  for (;; ++takes) {
    const LogBuffer::Prefix prefix = buffer.Take(300'000);
    if (prefix.spans.empty()) break;
    EXPECT_LE(prefix.bytes, 300'000u);
    EXPECT_EQ(prefix.first_sequence, next);
    next = CheckRecords(Copy(prefix), next) + 1;
    EXPECT_EQ(prefix.last_sequence, next - 1);
    buffer.Release();
  }
  EXPECT_EQ(next, 6001u);
  EXPECT_GT(takes, 1);
}

TEST(LogBuffer, RefusesWhenFullAndWakesWhenReleased) {
  int wakes = 0;
  LogBuffer buffer({.capacity_bytes = 8192, .log_id = TestLogId()}, {});
  buffer.SetWaiter([&] { ++wakes; });
  const std::string value(1000, 'v');
  const store::Effect effect = Put("key", value);
  int admitted = 0;
  while (buffer.Reserve(1003, false)) {
    buffer.Append({&effect, 1}, 1003);
    ASSERT_LT(++admitted, 9);
  }
  EXPECT_GE(admitted, 7);
  EXPECT_EQ(wakes, 0);
  EXPECT_TRUE(buffer.Reserve(1003, true)) << "the main thread is never refused";
  buffer.Unreserve(1003);
  EXPECT_FALSE(buffer.Reserve(1003, false));
  wakes = 0;
  buffer.Take(~0ull);
  buffer.Release();
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(buffer.Reserve(1003, false));
  buffer.Unreserve(1003);
}

TEST(LogBuffer, ReservationsLeakNoRoom) {
  LogBuffer buffer({.capacity_bytes = 4096, .log_id = TestLogId()}, {});
  const store::Effect removal = Remove("k");
  const std::string value(3000, 'v');
  const store::Effect put = Put("k", value);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(buffer.Reserve(3500, false));
    if (i % 3 == 0) {
      buffer.Unreserve(3500);
      continue;
    }
    buffer.Append({&removal, 1}, 3500);                         // far less than reserved
    buffer.Append({&put, 1}, store::WriteLog::kNoReservation);  // nothing reserved
    buffer.Take(~0ull);
    buffer.Release();
  }
  EXPECT_EQ(buffer.PendingBytes(), 0u);
}

TEST(LogBuffer, ARecordLargerThanTheBufferIsAdmittedOneAtATime) {
  LogBuffer buffer({.capacity_bytes = 4096, .log_id = TestLogId()}, {});
  ASSERT_TRUE(buffer.Reserve(1'000'000, false));
  EXPECT_FALSE(buffer.Reserve(1'000'000, false));
  EXPECT_FALSE(buffer.Reserve(10, false));
  const std::string value(1'000'000, 'L');
  const store::Effect effect = Put("", value);
  buffer.Append({&effect, 1}, 1'000'000);
  EXPECT_FALSE(buffer.Reserve(10, false));
  EXPECT_EQ(CheckRecords(Copy(buffer.Take(10)), 1), 1u);
  buffer.Release();
  EXPECT_TRUE(buffer.Reserve(1'000'000, false));
}

// Nobody drains: room comes only from those that got it, so that two that refused each other would wait for ever.
TEST(LogBuffer, WritersThatNeedMoreThanHalfOfItNeverAllWait) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  constexpr uint64_t kPayloadBytes = 3000;
  LogBuffer buffer({.capacity_bytes = 4096, .log_id = TestLogId()}, {});
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t wakes = 0;
  bool is_stuck = false;
  buffer.SetWaiter([&] {
    const std::lock_guard lock(mutex);
    ++wakes;
    changed.notify_all();
  });
  const auto write = [&] {
    for (int round = 0; round < kRounds; ++round) {
      std::unique_lock lock(mutex);
      uint64_t seen = wakes;
      lock.unlock();
      while (!buffer.Reserve(kPayloadBytes, false)) {
        lock.lock();
        is_stuck |= !changed.wait_for(lock, std::chrono::seconds(30), [&] { return wakes != seen || is_stuck; });
        if (is_stuck) return;
        seen = wakes;
        lock.unlock();
      }
      buffer.Unreserve(kPayloadBytes);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(write);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(is_stuck);
}

TEST(LogBuffer, WakesTheDrainerForTheFirstRecordAndForMuch) {
  int wakes = 0;
  LogBuffer buffer({.log_id = TestLogId(), .wake_bytes = 10'000}, [&] { ++wakes; });
  Append(&buffer, "a", "1");
  EXPECT_EQ(wakes, 1);
  Append(&buffer, "a", "2");
  EXPECT_EQ(wakes, 1);
  for (int i = 0; i < 100; ++i) Append(&buffer, "a", std::string(200, 'x'));
  EXPECT_EQ(wakes, 2);
  buffer.Take(~0ull);
  Append(&buffer, "a", "3");
  EXPECT_EQ(wakes, 3);
}

TEST(LogBuffer, HoldsRepliesWhileTheOldestRecordIsNotWithTheKernel) {
  int wakes = 0;
  LogBuffer buffer({.log_id = TestLogId()}, {});
  buffer.SetWaiter([&] { ++wakes; });
  const uint64_t begin_ms = port::MonotonicTimeMs();
  EXPECT_EQ(buffer.OldestPendingAgeMs(begin_ms + 1000), 0u);
  EXPECT_FALSE(buffer.HoldsReply(1, begin_ms + 1000));
  Append(&buffer, "a", "1");
  const uint64_t later_ms = port::MonotonicTimeMs() + LogBuffer::kHeldBackAfterMs + 1;
  EXPECT_FALSE(buffer.HoldsReply(1, begin_ms));
  EXPECT_FALSE(buffer.HoldsReply(0, later_ms)) << "it depends on no record";
  EXPECT_TRUE(buffer.HoldsReply(1, later_ms));
  buffer.Take(~0ull);
  Append(&buffer, "a", "2");
  EXPECT_TRUE(buffer.HoldsReply(1, later_ms)) << "taken is not yet written";
  EXPECT_EQ(wakes, 0);
  buffer.Release();
  EXPECT_EQ(wakes, 1);
  EXPECT_FALSE(buffer.HoldsReply(1, later_ms + 1000)) << "it is with the kernel";
  EXPECT_GT(buffer.OldestPendingAgeMs(later_ms), 0u) << "the second record waits";
  EXPECT_TRUE(buffer.HoldsReply(2, later_ms + 1000));
  buffer.SetFailed(true);
  EXPECT_EQ(wakes, 2);
  EXPECT_FALSE(buffer.HoldsReply(2, later_ms + 1000));
  buffer.SetFailed(false);
  buffer.Take(~0ull);
  buffer.Release();
  EXPECT_FALSE(buffer.HoldsReply(2, later_ms + 1000));
}

class RecordingTap final : public LogBuffer::Tap {
 public:
  void OnRecord(uint64_t sequence, std::span<const store::Effect> effects) override {
    sequences.push_back(sequence);
    effect_count += effects.size();
  }
  std::vector<uint64_t> sequences;
  size_t effect_count = 0;
};

TEST(LogBuffer, ATapSeesEveryRecordBetweenItsEnds) {
  for (const bool keeps_records : {true, false}) {
    LogBuffer buffer({.log_id = TestLogId(), .keeps_records = keeps_records}, {});
    RecordingTap tap;
    Append(&buffer, "before", "1");
    EXPECT_EQ(buffer.AddTap(&tap), 1u);
    Append(&buffer, "during", "2");
    Append(&buffer, "during", "3");
    EXPECT_EQ(buffer.RemoveTap(&tap), 3u);
    Append(&buffer, "after", "4");
    EXPECT_EQ(tap.sequences, (std::vector<uint64_t>{2, 3}));
    EXPECT_EQ(tap.effect_count, 2u);
    EXPECT_EQ(buffer.PendingBytes() != 0, keeps_records);
  }
}

TEST(LogBuffer, AFullTapHoldsWritersBack) {
  int wakes = 0;
  LogBuffer buffer({.log_id = TestLogId()}, {});
  buffer.SetWaiter([&] { ++wakes; });
  buffer.SetTapIsFull(true);
  EXPECT_FALSE(buffer.Reserve(10, false));
  EXPECT_TRUE(buffer.Reserve(10, true));
  buffer.Unreserve(10);
  wakes = 0;
  EXPECT_FALSE(buffer.Reserve(10, false));
  buffer.SetTapIsFull(false);
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(buffer.Reserve(10, false));
}

// Writers that wait to be woken and a drainer that drains on demand: nobody sleeps for ever, nothing is lost or reordered.
TEST(LogBuffer, ManyWritersThroughASmallBufferLoseNothing) {
  constexpr int kWriters = 4;
  constexpr int kRecordsEach = 5000;
  std::atomic<uint32_t> wake_drainer{0};
  std::atomic<uint32_t> wake_writers{0};
  LogBuffer buffer({.capacity_bytes = 8192, .log_id = TestLogId(), .wake_bytes = 2048}, [&] {
    wake_drainer.fetch_add(1);
    wake_drainer.notify_one();
  });
  buffer.SetWaiter([&] {
    wake_writers.fetch_add(1);
    wake_writers.notify_all();
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kRecordsEach; ++i) {
        const std::string value(static_cast<size_t>(i * 37 % (i % 500 == 0 ? 20'000 : 900)), 'v');
        const store::Effect effect = Put("key", value);
        const uint64_t payload = value.size() + 3;
        for (;;) {
          const uint32_t seen = wake_writers.load();
          if (buffer.Reserve(payload, w == 0)) break;
          wake_writers.wait(seen);
        }
        if (i % 7 == 0) {
          buffer.Unreserve(payload);
        } else {
          buffer.Append({&effect, 1}, payload);
        }
      }
    });
  }
  uint64_t last = 0;
  constexpr uint64_t kTotal = kWriters * (kRecordsEach - (kRecordsEach + 6) / 7);
  while (last < kTotal) {
    const uint32_t seen = wake_drainer.load();
    const LogBuffer::Prefix prefix = buffer.Take(~0ull);
    if (prefix.spans.empty()) {
      wake_drainer.wait(seen);
      continue;
    }
    ASSERT_EQ(CheckRecords(Copy(prefix), last + 1), prefix.last_sequence);
    last = prefix.last_sequence;
    buffer.Release();
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(buffer.PendingBytes(), 0u);
  EXPECT_TRUE(buffer.Reserve(8192 - 64, false)) << "all room came back";
}

}  // namespace
}  // namespace distcache::wal
