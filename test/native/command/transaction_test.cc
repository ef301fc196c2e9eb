#include "command/transaction.h"

#include "command/session.h"

namespace distcache::command {
namespace {

constexpr char kBroken[] = "*-1\r\n";

class TransactionTest : public ExecutorTest {
 protected:
  // WATCH key, `between` by another client, then a transaction of one PING: its reply.
  std::string ExecAfter(const std::vector<std::string>& between) {
    Run("WATCH key");
    for (const std::string& line : between) Run(other, line);
    Run("MULTI");
    Run("PING");
    return Run("EXEC");
  }
  static constexpr char kRan[] = "*1\r\n+PONG\r\n";
};

TEST_F(TransactionTest, RunsWhenNobodyTouchedTheWatchedKey) {
  EXPECT_EQ(ExecAfter({}), kRan);
  EXPECT_EQ(ExecAfter({"SET other 1", "GET key"}), kRan);
}

TEST_F(TransactionTest, EveryKindOfWriteToAWatchedKeyBreaksIt) {
  for (const char* line : {"SET key 2", "DEL key", "APPEND key x", "EXPIRE key 100", "RENAME key gone", "FLUSHALL",
                           "FLUSHDB", "MOVE key 1", "INCR key", "SETRANGE key 0 9", "SWAPDB 0 1", "GETDEL key"}) {
    Run(other, "FLUSHALL");
    Run(other, "SET key 1");
    EXPECT_EQ(ExecAfter({line}), kBroken) << line;
  }
}

TEST_F(TransactionTest, AKeyThatCameAndWentBreaksIt) { EXPECT_EQ(ExecAfter({"SET key 1", "DEL key"}), kBroken); }

TEST_F(TransactionTest, AWatchedKeyThatExpiresBreaksIt) {
  Run("SET key 1 PX 100");
  Run("WATCH key");
  now_ms += 200;
  Run("MULTI");
  Run("PING");
  EXPECT_EQ(Run("EXEC"), kBroken);
}

TEST_F(TransactionTest, AKeyThatHadExpiredBeforeIsMissingAndStaysSo) {
  Run("SET key 1 PX 100");
  now_ms += 200;
  EXPECT_EQ(ExecAfter({"GET key"}), kRan);
}

TEST_F(TransactionTest, UnwatchAndDiscardForgetWatches) {
  Run("WATCH key");
  Run(other, "SET key 1");
  Run("UNWATCH");
  Run("MULTI");
  Run("PING");
  EXPECT_EQ(Run("EXEC"), kRan);
  Run("WATCH key");
  Run("MULTI");
  EXPECT_EQ(Run("DISCARD"), "+OK\r\n");
  EXPECT_TRUE(client.watched.empty());
  EXPECT_EQ(Run("EXEC"), "-ERR EXEC without MULTI\r\n");
}

TEST_F(TransactionTest, AnErrorWhileQueueingDoomsTheTransaction) {
  Run("MULTI");
  Run("NOPE");
  Run("SET key 1");
  EXPECT_EQ(Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(Run("GET key"), "$-1\r\n");
}

TEST_F(TransactionTest, AnErrorWhileRunningStopsNothing) {
  Run("MULTI");
  for (const char* line : {"SET key text", "INCR key", "SET key 5", "INCR key"}) Run(line);
  EXPECT_EQ(Run("EXEC"), "*4\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n:6\r\n");
}

TEST_F(TransactionTest, ACommandThatTypeScriptAnswersIsRefused) {
  Run("MULTI");
  EXPECT_EQ(Run("INFO"), "-ERR Command not allowed inside a transaction\r\n");
  EXPECT_EQ(Run("MEMORY STATS"), "-ERR Command not allowed inside a transaction\r\n");
  EXPECT_EQ(Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST_F(TransactionTest, TheQueueIsBounded) {
  Run("MULTI");
  const std::string big(16 << 20, 'x');
  std::string reply = "+QUEUED\r\n";
  size_t queued = 0;
  while (reply == "+QUEUED\r\n" && queued <= kMaxQueuedBytes) {
    reply = Run(client, std::vector<std::string>{"SET", "key", big});
    queued += big.size();
  }
  EXPECT_EQ(reply.substr(0, 31), "-ERR the transaction is too big");
  EXPECT_EQ(Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(client.queued_bytes, 0u);
}

TEST_F(TransactionTest, ForgettingAClientEndsItsWatches) {
  Run("WATCH key");
  executor->Forget(client);
  EXPECT_TRUE(client.watched.empty());
  EXPECT_TRUE(store->CheckInvariants().ok());
}

}  // namespace
}  // namespace distcache::command
