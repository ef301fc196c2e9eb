// Connections and a real log buffer: replies wait for their records, room for writers, and what becomes of both when the log fails.
#include <gtest/gtest.h>

#include <string>

#include "fixture.h"
#include "port/clock.h"
#include "wal/log_buffer.h"

namespace distcache::net {
namespace {

class LogWaitsTest : public ServerTest {
 protected:
  void StartWithLog(uint64_t capacity_bytes = 1 << 20) {
    log_ = std::make_unique<wal::LogBuffer>(wal::LogBufferOptions{.capacity_bytes = capacity_bytes}, [] {});
    StartServer({}, log_.get());
    server_->SetLog(log_.get());
    log_->SetWaiter([this] { server_->WakeAll(); });
  }
  void TearDown() override {
    log_->SetWaiter({});
    ServerTest::TearDown();
    store_.reset();
  }

  // A record that nobody takes, until it is so old that replies are held.
  void LetARecordGrowOld() {
    const store::Effect effect{.kind = store::EffectKind::kRemove, .key = "nobody's"};
    log_->Append({&effect, 1}, store::WriteLog::kNoReservation);
    WaitUntil([&] { return log_->OldestPendingAgeMs(port::MonotonicTimeMs()) > 2 * wal::LogBuffer::kHeldBackAfterMs; },
              "an old record");
  }
  void Drain() {
    log_->Take(UINT64_MAX);
    log_->Release();
  }
  void Expect(Client& client, const std::string& reply) {
    WaitUntil(
        [&] {
          client.Poll();
          return client.received.size() >= reply.size() || client.has_ended;
        },
        reply.c_str());
    EXPECT_EQ(client.received, reply);
    client.received.clear();
  }
  // Replies of connections that wait for nothing still come; afterwards this client has got nothing.
  void ExpectNothing(Client& client) {
    Client other(port_);
    other.Send("PING\r\n");
    Expect(other, "+PONG\r\n");
    client.Poll();
    EXPECT_EQ(client.received, "");
    EXPECT_FALSE(client.has_ended);
  }

  std::unique_ptr<wal::LogBuffer> log_;
};

TEST_F(LogWaitsTest, AReplyIsSentWhileTheLogKeepsUp) {
  StartWithLog();
  Client client(port_);
  client.Send("SET k v\r\n");
  WaitUntil([&] { return log_->last_sequence() == 1; }, "a record");
  Drain();
  Expect(client, "+OK\r\n");
}

TEST_F(LogWaitsTest, RepliesStayWhileAnOldRecordIsNotWithTheKernel) {
  StartWithLog();
  LetARecordGrowOld();
  Client writer(port_);
  writer.Send("SET k v\r\n");
  WaitUntil([&] { return log_->last_sequence() == 2; }, "a record");
  Client reader(port_);
  reader.Send("GET k\r\n");
  ExpectNothing(writer);
  ExpectNothing(reader);
  Drain();
  Expect(writer, "+OK\r\n");
  Expect(reader, "$1\r\nv\r\n");
}

TEST_F(LogWaitsTest, WhenTheLogFailsHeldReadsAreAnsweredAndHeldWritesAreNot) {
  StartWithLog();
  LetARecordGrowOld();
  Client writer(port_);
  writer.Send("SET k v\r\n");
  WaitUntil([&] { return log_->last_sequence() == 2; }, "a record");
  Client reader(port_);
  reader.Send("GET k\r\n");
  ExpectNothing(reader);
  server_->FailRepliesAbove(0);
  log_->SetFailed(true);
  Expect(reader, "$1\r\nv\r\n");
  WaitUntil(
      [&] {
        writer.Poll();
        return writer.has_ended;
      },
      "the writer's end");
  EXPECT_EQ(writer.received, "");
}

TEST_F(LogWaitsTest, RepliesWhoseRecordsAreDurableGoBeforeMoreIsExecuted) {
  StartWithLog();
  server_->SetDurableSequence(0);
  Client client(port_);
  client.Send("SET k 1\r\n");
  WaitUntil([&] { return log_->last_sequence() == 1; }, "a record");
  for (uint64_t sequence = 1; sequence <= 5; ++sequence) {
    client.Send("SET k " + std::to_string(sequence + 1) +
                "\r\n");  // there before the reply to the one before it may go
    ExpectNothing(client);
    Drain();
    server_->SetDurableSequence(sequence);
    Expect(client, "+OK\r\n");
    WaitUntil([&] { return log_->last_sequence() == sequence + 1; }, "the next record");
  }
  ExpectNothing(client);
}

TEST_F(LogWaitsTest, AConnectionWhoseRepliesStayExecutesNothingThoughItsThreadIsWoken) {
  StartWithLog();
  server_->SetDurableSequence(0);
  Client client(port_);
  client.Send("SET k 1\r\n");
  WaitUntil([&] { return log_->last_sequence() == 1; }, "a record");
  client.Send("SET k 2\r\n");
  for (int i = 0; i < 5; ++i) {
    server_->WakeAll();
    ExpectNothing(client);
  }
  EXPECT_EQ(log_->last_sequence(), 1u);
  server_->SetDurableSequence(2);
  WaitUntil(
      [&] {
        Drain();
        client.Poll();
        return client.received.size() >= 10;
      },
      "both replies");
  EXPECT_EQ(client.received, "+OK\r\n+OK\r\n");
}

TEST_F(LogWaitsTest, WritersWaitForRoomAndGoOnWhenItComes) {
  StartWithLog(8192);
  Client client(port_);
  std::string commands;
  std::string replies;
  for (int i = 0; i < 50; ++i) {
    commands += Command({"SET", "key" + std::to_string(i), std::string(1000, 'v')});
    replies += "+OK\r\n";
  }
  client.Send(commands);
  WaitUntil([&] { return log_->PendingBytes() > 5000; }, "a full buffer");
  Client other(port_);
  other.Send("PING\r\n");
  Expect(other, "+PONG\r\n");
  EXPECT_LT(log_->last_sequence(), 50u);
  WaitUntil(
      [&] {
        Drain();
        client.Poll();
        return client.received.size() >= replies.size();
      },
      "all replies");
  EXPECT_EQ(client.received, replies);
  EXPECT_EQ(log_->last_sequence(), 50u);
}

}  // namespace
}  // namespace distcache::net
