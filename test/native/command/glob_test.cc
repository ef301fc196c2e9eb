#include "command/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace distcache::command {
namespace {

struct GlobCase {
  std::string_view pattern, text;
  bool matches;
};

// Each line was read off KEYS of redis-server 7.0.15.
constexpr GlobCase kCases[] = {
    {"*", "anything", true},
    {"h?llo", "hello", true},
    {"h?llo", "hllo", false},
    {"h*llo", "heeeello", true},
    {"h*llo", "hll", false},
    {"h[ae]llo", "hallo", true},
    {"h[ae]llo", "hillo", false},
    {"h[^e]llo", "hallo", true},
    {"h[^e]llo", "hello", false},
    {"h[a-b]llo", "hbllo", true},
    {"h[b-a]llo", "hallo", true},
    {"h[a-b]llo", "hcllo", false},
    {"h\\*llo", "h*llo", true},
    {"h\\*llo", "hello", false},
    {"[\\]]", "]", true},
    {"[abc", "c", true},
    {"[abc", "cc", false},
    {"[^]", "x", true},
    {"a*b*c", "aXbYc", true},
    {"a*b*c", "aXbY", false},
    {"*a", "banana", true},
    {"*?", "x", true},
    {"x**", "x", true},
    {"\\", "\\", true},
    {"", "x", false},
    {"*.txt*", "a.txt", true},
};

TEST(Glob, MatchesAsRedisDoes) {
  for (const GlobCase& one : kCases) {
    EXPECT_EQ(MatchesGlob(one.pattern, one.text), one.matches) << one.pattern << " on " << one.text;
  }
}

TEST(Glob, ManyStarsCostNoMoreThanPatternTimesText) {
  std::string pattern, text(4000, 'a');
  for (int i = 0; i < 200; i++) pattern += "a*";
  pattern += "b";
  EXPECT_FALSE(MatchesGlob(pattern, text));  // returning to every star would take longer than the universe has
}

}  // namespace
}  // namespace distcache::command
