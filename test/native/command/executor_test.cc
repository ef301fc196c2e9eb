// What happens to a command before and after its handler: gates, outcomes, and the log. Replies of single commands are
// compared with redis-server in test/conformance.
#include "command/executor.h"

#include "command/session.h"

namespace distcache::command {
namespace {

using Records = std::vector<std::vector<std::string>>;

TEST_F(ExecutorTest, StoresAndReturnsAValue) {
  EXPECT_EQ(Run("SET key value"), "+OK\r\n");
  EXPECT_EQ(Run("get key"), "$5\r\nvalue\r\n");
  EXPECT_EQ(Run("DEL key missing"), ":1\r\n");
  EXPECT_EQ(Run("GET key"), "$-1\r\n");
}

TEST_F(ExecutorTest, AnUnknownCommandIsQuotedWithItsArguments) {
  EXPECT_EQ(Run("NOPE a b"), "-ERR unknown command 'NOPE', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(executed.spec, nullptr);
  EXPECT_TRUE(executed.failed);
  EXPECT_EQ(client.error_code, "ERR");
}

TEST_F(ExecutorTest, SubcommandsAreCheckedBeforeAnythingRuns) {
  EXPECT_EQ(Run("OBJECT"), "-ERR wrong number of arguments for 'object' command\r\n");
  EXPECT_EQ(Run("object nope key"), "-ERR unknown subcommand 'nope'. Try OBJECT HELP.\r\n");
  EXPECT_EQ(Run("CONFIG GET"), "-ERR wrong number of arguments for 'config|get' command\r\n");
}

TEST_F(ExecutorTest, WhatTypeScriptAnswersIsPostedWithoutAReply) {
  EXPECT_EQ(Run("INFO"), "posted");
  EXPECT_EQ(Run("MEMORY STATS"), "posted");
  EXPECT_EQ(executed.spec->name, "memory");
}

TEST_F(ExecutorTest, ResetIsPostedAndTheDataPlanesPartIsDone) {
  Run("SELECT 3");
  client.protocol = resp::Protocol::kResp3;
  Run("WATCH key");
  Run("MULTI");
  EXPECT_EQ(Run("RESET"), "posted");
  EXPECT_EQ(client.database, 0u);
  EXPECT_EQ(client.protocol, resp::Protocol::kResp2);
  EXPECT_FALSE(client.in_multi);
  EXPECT_TRUE(client.watched.empty());
}

TEST_F(ExecutorTest, QuitAnswersAndCloses) {
  EXPECT_EQ(Run("QUIT"), "+OK\r\n");
  EXPECT_EQ(executed.outcome, Outcome::kClose);
}

TEST_F(ExecutorTest, WithoutAuthenticationOnlyWhatAuthenticatesRuns) {
  node.requires_auth = true;
  client.is_authenticated = false;
  EXPECT_EQ(Run("GET key"), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(Run("AUTH secret"), "posted");
  EXPECT_EQ(Run("HELLO 3"), "posted");
  client.is_authenticated = true;
  EXPECT_EQ(Run("GET key"), "$-1\r\n");
}

TEST_F(ExecutorTest, WhileLoadingOnlyWhatNeedsNoDataRuns) {
  node.is_loading = true;
  EXPECT_EQ(Run("GET key"), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(Run("ECHO hi"), "$2\r\nhi\r\n");
  EXPECT_EQ(Run("INFO"), "posted");
}

TEST_F(ExecutorTest, AFailedDiskRefusesWritesAndTransactionsThatHoldSome) {
  Run("MULTI");
  Run("SET key value");
  node.refuses_writes = true;
  EXPECT_EQ(Run("EXEC").substr(0, 59), "-EXECABORT Transaction discarded because of: MISCONF The da");
  EXPECT_EQ(Run("SET key value").substr(0, 9), "-MISCONF ");
  EXPECT_EQ(Run("GET key"), "$-1\r\n");
  node.refuses_writes = false;
  EXPECT_EQ(Run("SET key value"), "+OK\r\n");
}

TEST_F(ExecutorTest, WithoutRoomInTheLogAWriteDoesNothingAndRunsAgainLater) {
  log.has_room = false;
  EXPECT_EQ(Run("SET key value"), "no room");
  EXPECT_EQ(Run("GET key"), "$-1\r\n");
  log.has_room = true;
  EXPECT_EQ(Run("SET key value"), "+OK\r\n");
}

TEST_F(ExecutorTest, WithoutRoomInTheLogATransactionStaysQueued) {
  Run("MULTI");
  Run("SET key value");
  Run("GET key");
  log.has_room = false;
  EXPECT_EQ(Run("EXEC"), "no room");
  EXPECT_TRUE(client.in_multi);
  log.has_room = true;
  EXPECT_EQ(Run("EXEC"), "*2\r\n+OK\r\n$5\r\nvalue\r\n");
  EXPECT_FALSE(client.in_multi);
}

TEST_F(ExecutorTest, ACommandIsOneRecord) {
  Run("MSET a 1 b 2");
  Run("RENAME a c");
  Run("APPEND c 3");
  EXPECT_EQ(log.records[0], (std::vector<std::string>{"put 0 a=1", "put 0 b=2"}));
  EXPECT_EQ(log.records[1].size(), 2u);
  EXPECT_EQ(log.records[2], (std::vector<std::string>{"write-at 0 c=3"}));
}

TEST_F(ExecutorTest, ATransactionIsOneRecordAndItsReplyWaitsForIt) {
  Run("SET first 1");
  Run("MULTI");
  for (const char* line : {"SET a 1", "SELECT 2", "SET b 2", "GET b"}) EXPECT_EQ(Run(line), "+QUEUED\r\n");
  EXPECT_EQ(Run("EXEC"), "*4\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n2\r\n");
  EXPECT_EQ(log.records.size(), 2u);
  EXPECT_EQ(log.records[1], (std::vector<std::string>{"put 0 a=1", "put 2 b=2"}));
  EXPECT_EQ(executed.log_sequence, 2u);
  EXPECT_EQ(client.database, 2u);
}

TEST_F(ExecutorTest, ReadsWaitForTheNewestWriteTheyMayHaveSeen) {
  Run("SET key value");
  EXPECT_EQ(executed.log_sequence, 1u);
  Run("GET key");
  EXPECT_EQ(executed.log_sequence, 1u);
  Run("SET key other NX");
  EXPECT_EQ(executed.log_sequence, 1u);
  EXPECT_EQ(log.records.size(), 1u);
}

TEST_F(ExecutorTest, ACommandThatChangesNothingLogsNothing) {
  Run("DEL missing");
  Run("GET missing");
  Run("EXPIRE missing 10");
  EXPECT_EQ(log.records, Records());
}

TEST_F(ExecutorTest, AtABoundThatEvictsNothingWritesAreRefused) {
  store::StoreOptions options;
  options.max_entries = 1;
  options.policy = store::EvictionPolicy::kNoEviction;
  Open(options);
  Run("SET key value");
  const std::string refusal = "OOM command not allowed when used memory > 'maxmemory'.\r\n";
  EXPECT_EQ(Run("SET other value"), "-" + refusal);
  EXPECT_EQ(Run("SET key changed GET"), "$5\r\nvalue\r\n");
  Run("MULTI");
  Run("SET other value");
  EXPECT_EQ(Run("EXEC"), "-EXECABORT Transaction discarded because of: " + refusal);
  EXPECT_FALSE(client.in_multi);
  EXPECT_EQ(Run("GET key"), "$7\r\nchanged\r\n");
}

TEST_F(ExecutorTest, ADeadlineThatFindsNoRoomIsRefusedAndNotPromised) {
  Run("SET key value");
  store->SetBounds(0, 1, store::EvictionPolicy::kNoEviction);
  const std::string refusal = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  EXPECT_EQ(Run("EXPIRE key 100"), refusal);
  EXPECT_EQ(Run("GETEX key EX 100"), refusal);
  EXPECT_EQ(Run("TTL key"), ":-1\r\n");
}

TEST_F(ExecutorTest, ABigValueIsStoredAndSentWithoutACopy) {
  const std::string big(100'000, 'x');
  Run(client, std::vector<std::string>{"SET", "key", big});
  EXPECT_EQ(Run("GET key"), "$100000\r\n" + big + "\r\n");
  EXPECT_EQ(Run("GETRANGE key 10 20009"), "$20000\r\n" + std::string(20'000, 'x') + "\r\n");
  EXPECT_EQ(Run("STRLEN key"), ":100000\r\n");
  Run("COPY key copy");
  Run("APPEND key y");
  EXPECT_EQ(Run("STRLEN copy"), ":100000\r\n");
  EXPECT_EQ(Run("GETRANGE key -2 -1"), "$2\r\nxy\r\n");
}

TEST_F(ExecutorTest, AReplyThatWasBegunGivesWayToARefusal) {
  store::StoreOptions options;
  options.max_memory_bytes = 1 << 20;
  options.policy = store::EvictionPolicy::kNoEviction;
  Open(options);
  Run("SET key value");
  const std::string reply = Run(client, std::vector<std::string>{"GETSET", "key", std::string(4 << 20, 'x')});
  EXPECT_EQ(reply, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(Run("GET key"), "$5\r\nvalue\r\n");
}

}  // namespace
}  // namespace distcache::command
