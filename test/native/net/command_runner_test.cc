// The commands of one connection, without sockets: shares of a turn, and what stays for the next.
#include "net/command_runner.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fixture.h"

namespace distcache::net {
namespace {

class CommandRunnerTest : public testing::Test {
 protected:
  CommandRunnerTest() : store_(std::move(store::Store::Create({}).value())) {}

  std::unique_ptr<store::Store> store_;
  SharedState shared_{*store_, ServerOptions{}, [] {}};
  CommandRunner runner_{shared_, shared_.metrics.thread(0)};
  resp::ChunkPool pool_;
  Connection connection_{port::Descriptor(), 1, &pool_};
  size_t kept_ = 0;
};

TEST_F(CommandRunnerTest, OneConnectionGetsAShareOfATurn) {
  std::string stream;
  for (int i = 0; i < 10'000; ++i) stream += "PING\r\n";
  const size_t used = runner_.Run(connection_, stream, &kept_);
  EXPECT_GT(used, 0u);
  EXPECT_LT(used, stream.size() / 2);
  EXPECT_TRUE(connection_.has_commands);
  EXPECT_EQ(connection_.output.size_bytes(), used / 6 * 7);
  std::string_view rest = std::string_view(stream).substr(used);
  while (connection_.has_commands) rest.remove_prefix(runner_.Run(connection_, rest, &kept_));
  EXPECT_EQ(connection_.output.size_bytes(), 10'000u * 7);
}

TEST_F(CommandRunnerTest, ABeginningIsKeptAndUsedLater) {
  const std::string stream = Command({"SET", "k", "v"}) + Command({"GET", "k"});
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    Connection connection(port::Descriptor(), 1, &pool_);
    const std::string first = stream.substr(0, cut);
    const size_t used = runner_.Run(connection, first, &kept_);
    EXPECT_FALSE(connection.has_commands);
    const std::string second = stream.substr(used);
    EXPECT_EQ(runner_.Run(connection, second, &kept_), second.size()) << cut;
    EXPECT_EQ(connection.output.size_bytes(), 5u + 7u) << cut;
  }
}

TEST_F(CommandRunnerTest, APostedCommandStopsTheRest) {
  const std::string stream = Command({"PING"}) + Command({"INFO"}) + Command({"PING"});
  const size_t used = runner_.Run(connection_, stream, &kept_);
  EXPECT_EQ(used, stream.size() - Command({"PING"}).size());
  EXPECT_EQ(connection_.blocked, Connection::Blocked::kAnswer);
  EXPECT_TRUE(connection_.has_commands);
  ASSERT_EQ(runner_.events().size(), 1u);
  EXPECT_EQ(runner_.events()[0].arguments[0], "INFO");
  EXPECT_EQ(connection_.output.size_bytes(), 7u);
}

TEST_F(CommandRunnerTest, ALargeOutputStopsTheRest) {
  const std::string value(16'000, 'v');
  std::string stream = Command({"SET", "k", value});
  runner_.Run(connection_, stream, &kept_);
  stream.clear();
  for (int i = 0; i < 1000; ++i) stream += Command({"MGET", "k", "k", "k", "k", "k", "k", "k", "k", "k", "k"});
  const size_t used = runner_.Run(connection_, stream, &kept_);
  EXPECT_LT(used, stream.size());
  EXPECT_EQ(connection_.blocked, Connection::Blocked::kOutput);
  EXPECT_LE(connection_.output.size_bytes(), shared_.soft_output_bytes() + 11 * value.size());
}

}  // namespace
}  // namespace distcache::net
