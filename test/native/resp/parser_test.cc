// Each case is parsed whole, byte by byte and at seeded cuts, with the buffer at a new address each time: the commands must
// be the same. Error texts are those of Redis.
#include "resp/parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace distcache::resp {
namespace {

using Commands = std::vector<std::vector<std::string>>;

struct Outcome {
  Commands commands;
  std::string error;
  size_t big_arguments = 0;
};

// Drives a parser as a connection does, from pieces of a stream.
class Driver {
 public:
  explicit Driver(bool is_limited = false) { parser_.SetLimited(is_limited); }

  void Feed(std::string_view piece) {
    while (!piece.empty() && outcome_.error.empty()) {
      if (parser_.big_remaining() > 0) {
        const size_t part = std::min(piece.size(), parser_.big_remaining());
        std::memcpy(parser_.big_destination(), piece.data(), part);
        parser_.BigReceived(part);
        piece.remove_prefix(part);
        continue;
      }
      // A fresh address each time, exactly as long as its content: sanitizers see a view that was not moved.
      auto moved = std::make_unique<std::vector<char>>(buffer_.begin(), buffer_.end());
      moved->insert(moved->end(), piece.begin(), piece.end());
      buffer_.swap(*moved);
      piece = {};
      ParseAll();
    }
  }

  const Outcome& outcome() const { return outcome_; }

 private:
  void Drop(size_t bytes) {
    buffer_ = std::vector<char>(buffer_.begin() + static_cast<ptrdiff_t>(bytes), buffer_.end());
  }

  void ParseAll() {
    for (;;) {
      switch (parser_.Parse({buffer_.data(), buffer_.size()})) {
        case ParseResult::kCommand: {
          std::vector<std::string> command;
          for (const Argument& argument : parser_.arguments()) {
            command.emplace_back(argument.bytes);
            if (argument.block) ++outcome_.big_arguments;
          }
          outcome_.commands.push_back(std::move(command));
          Drop(parser_.consumed());
          continue;
        }
        case ParseResult::kBig:
          buffer_.resize(parser_.consumed() + parser_.kept_bytes());
          Drop(parser_.consumed());
          return;
        case ParseResult::kNeedMore:
          Drop(parser_.consumed());
          return;
        case ParseResult::kError:
          outcome_.error = parser_.error();
          return;
        case ParseResult::kOutOfMemory:
          outcome_.error = "out of memory";
          return;
      }
    }
  }

  Parser parser_;
  std::vector<char> buffer_;
  Outcome outcome_;
};

Outcome ParseWhole(std::string_view stream, bool is_limited = false) {
  Driver driver(is_limited);
  driver.Feed(stream);
  return driver.outcome();
}

Outcome ParseInPieces(std::string_view stream, std::mt19937& random, size_t max_piece, bool is_limited = false) {
  Driver driver(is_limited);
  while (!stream.empty()) {
    const size_t piece = std::min<size_t>(stream.size(), 1 + random() % max_piece);
    driver.Feed(stream.substr(0, piece));
    stream.remove_prefix(piece);
  }
  return driver.outcome();
}

// The outcome of a stream, after checking that cuts do not change it.
Outcome Parse(std::string_view stream, bool is_limited = false) {
  const Outcome whole = ParseWhole(stream, is_limited);
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const size_t max_piece : {size_t{1}, size_t{3}, size_t{16}, size_t{1000}, size_t{40000}}) {
    if (stream.size() / max_piece > 20000) continue;
    const Outcome pieces = ParseInPieces(stream, random, max_piece, is_limited);
    EXPECT_EQ(pieces.commands, whole.commands);
    EXPECT_EQ(pieces.error, whole.error);
  }
  return whole;
}

std::string Bulk(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

std::string Encode(const std::vector<std::string>& command) {
  std::string stream = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string& argument : command) stream += Bulk(argument);
  return stream;
}

TEST(ParserTest, TakesPipelinedCommands) {
  const Commands commands = {{"SET", "key", "Hello World"}, {"GET", "key"}, {"ECHO", ""}, {"PING"}};
  std::string stream;
  for (const auto& command : commands) stream += Encode(command);
  const Outcome outcome = Parse(stream);
  EXPECT_EQ(outcome.commands, commands);
  EXPECT_EQ(outcome.error, "");
}

TEST(ParserTest, ArgumentsHoldAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(Parse(Encode({"SET", bytes, "\r\n*1\r\n$4\r\nPING\r\n"})).commands,
            (Commands{{"SET", bytes, "\r\n*1\r\n$4\r\nPING\r\n"}}));
}

TEST(ParserTest, EmptyCommandsAskNothing) {
  EXPECT_EQ(Parse("*0\r\n*-1\r\n\r\n\n  \r\n*1\r\n$4\r\nPING\r\n*0\r\n").commands, (Commands{{"PING"}}));
}

TEST(ParserTest, ABigArgumentIsReceivedIntoABlock) {
  const std::string big(3'000'000, 'x');
  Driver driver;
  const std::string stream = Encode({"SET", "key", big, "EX", "10"}) + Encode({"GET", "key"});
  for (size_t at = 0; at < stream.size(); at += 60000) driver.Feed(std::string_view(stream).substr(at, 60000));
  EXPECT_EQ(driver.outcome().commands, (Commands{{"SET", "key", big, "EX", "10"}, {"GET", "key"}}));
  EXPECT_EQ(driver.outcome().big_arguments, 1u);
}

TEST(ParserTest, ManyBigArgumentsAtAnyCut) {
  std::string first(kBlockThresholdBytes + 1, 'a');
  std::string second(kBlockThresholdBytes, 'b');
  std::string third(2 * kBlockThresholdBytes, 'c');
  EXPECT_EQ(Parse(Encode({"MSET", "k1", first, "k2", second, third, "v"}) + "PING\r\n").commands,
            (Commands{{"MSET", "k1", first, "k2", second, third, "v"}, {"PING"}}));
}

TEST(ParserTest, TakesAHundredThousandArguments) {
  std::vector<std::string> command = {"MSET"};
  for (int i = 0; i < 100'000; ++i) command.push_back(std::to_string(i));
  std::mt19937 random(1);
  EXPECT_EQ(ParseInPieces(Encode(command), random, 30000).commands, (Commands{command}));
}

TEST(ParserTest, TakesInlineCommands) {
  const std::string stream =
      "PING\r\nset key  'it\\'s' \r\nset k \"a\\n\\x41\\\"\\q\" \n  GET\tk\r\nECHO \"\"\r\necho a\"b c\"\r\necho "
      "'\\n'\r\n";
  EXPECT_EQ(Parse(stream).commands, (Commands{{"PING"},
                                              {"set", "key", "it's"},
                                              {"set", "k", "a\nA\"q"},
                                              {"GET", "k"},
                                              {"ECHO", ""},
                                              {"echo", "ab c"},
                                              {"echo", "\\n"}}));
}

TEST(ParserTest, SaysWhichCommandsWereInline) {
  Parser parser;
  ASSERT_EQ(parser.Parse("PING\r\n"), ParseResult::kCommand);
  EXPECT_TRUE(parser.is_inline());
  ASSERT_EQ(parser.Parse("*1\r\n$4\r\nPING\r\n"), ParseResult::kCommand);
  EXPECT_FALSE(parser.is_inline());
}

struct ErrorCase {
  std::string stream;
  std::string error;
};

TEST(ParserTest, ErrorsAreInRedisWords) {
  const std::vector<ErrorCase> cases = {
      {"*x\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*-0\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"* 1\r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*1\r\n:3\r\n", "expected '$', got ':'"},
      {"*1\r\n\r\n", "expected '$', got '\r'"},
      {"*2\r\n$3\r\nGET\r\nkey\r\n", "expected '$', got 'k'"},
      {"*1\r\n$x\r\n", "invalid bulk length"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$007\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"set k \"abc\r\n", "unbalanced quotes in request"},
      {"set k \"abc\"d\r\n", "unbalanced quotes in request"},
      {"set k 'abc\r\n", "unbalanced quotes in request"},
      {std::string(70000, 'a'), "too big inline request"},
      {"*" + std::string(70000, '1'), "too big mbulk count string"},
      {"*1\r\n$" + std::string(70000, '1'), "too big bulk count string"},
  };
  for (const ErrorCase& test : cases) {
    SCOPED_TRACE(test.stream.substr(0, 40));
    EXPECT_EQ(Parse("*1\r\n$4\r\nPING\r\n" + test.stream).error, "Protocol error: " + test.error);
    EXPECT_EQ(Parse(test.stream).commands, Commands{});
  }
}

TEST(ParserTest, ABeginningIsNoError) {
  for (const std::string stream : {"*", "*1", "*1\r", "*1\r\n", "*1\r\n$", "*1\r\n$4\r\nPIN", "*1\r\n$4\r\nPING",
                                   "PING", "*1\r\nx", "*1\r\nx\r"}) {
    const Outcome outcome = Parse(stream);
    EXPECT_EQ(outcome.error, "") << stream;
    EXPECT_EQ(outcome.commands, Commands{}) << stream;
  }
}

TEST(ParserTest, BeforeAuthenticationLittleMayBeSent) {
  EXPECT_EQ(Parse("*11\r\n", true).error, "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(Parse("*2\r\n$4\r\nAUTH\r\n$16385\r\n", true).error, "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(Parse(Encode({"AUTH", std::string(16384, 'p')}), true).commands.size(), 1u);
  EXPECT_EQ(Parse("*11\r\n").error, "");
}

TEST(ParserTest, ARequestHasABoundInAll) {
  // The third argument is refused by its length alone.
  Parser parser;
  std::string two = "*100\r\n$536870000\r\n";
  ASSERT_EQ(parser.Parse(two), ParseResult::kBig);
  parser.BigReceived(parser.big_remaining());
  std::string next = two + "\r\n$536870000\r\n";
  ASSERT_EQ(parser.Parse(next), ParseResult::kBig);
  parser.BigReceived(parser.big_remaining());
  next += "\r\n$5000\r\n";
  EXPECT_EQ(parser.Parse(next), ParseResult::kError);
  EXPECT_EQ(parser.error(), "Protocol error: too big request");
}

TEST(ParserTest, ResetForgetsABeginning) {
  Parser parser;
  ASSERT_EQ(parser.Parse("*2\r\n$3\r\nGET\r\n$30000\r\nxx"), ParseResult::kBig);
  parser.Reset();
  EXPECT_TRUE(parser.is_between_commands());
  ASSERT_EQ(parser.Parse("*1\r\n$4\r\nPING\r\n"), ParseResult::kCommand);
  EXPECT_EQ(parser.arguments().size(), 1u);
}

TEST(ParserTest, RelocatedArgumentsAreLookedAtInTheirNewPlace) {
  const std::string stream = "\r\n" + Encode({"SET", "key", "value"}) + "rest";
  Parser parser;
  auto first = std::make_unique<std::string>(stream);
  ASSERT_EQ(parser.Parse(*first), ParseResult::kCommand);
  const std::string second = stream;
  parser.Relocate(second.data());
  first.reset();
  EXPECT_EQ(parser.arguments()[2].bytes, "value");
  EXPECT_EQ(parser.consumed(), stream.size() - 4);
  // An inline command's arguments do not lie in the buffer.
  auto line = std::make_unique<std::string>("GET key\r\n");
  ASSERT_EQ(parser.Parse(*line), ParseResult::kCommand);
  parser.Relocate(second.data());
  line.reset();
  EXPECT_EQ(parser.arguments()[1].bytes, "key");
}

TEST(ParserTest, RandomCommandsSurviveRandomCuts) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Commands commands;
  std::string stream;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::string> command(1 + random() % 5);
    for (std::string& argument : command) {
      argument.assign(random() % 40 == 0 ? random() % 50000 : random() % 200, static_cast<char>(random()));
    }
    stream += Encode(command);
    commands.push_back(std::move(command));
  }
  for (int round = 0; round < 5; ++round) EXPECT_EQ(ParseInPieces(stream, random, 20000).commands, commands);
}

}  // namespace
}  // namespace distcache::resp
