#include "command/glob.h"

#include <algorithm>
#include <cstddef>

namespace distcache::command {
namespace {

struct Step {
  bool matches;
  size_t next;  // the place in the pattern behind what was compared
};

constexpr signed char AsSigned(char byte) { return static_cast<signed char>(byte); }

// A class that begins behind its '['. Unclosed, it reaches to the pattern's end. Bytes of a range compare as signed, as in Redis.
Step MatchClass(std::string_view pattern, size_t place, char byte) {
  const bool is_negated = place < pattern.size() && pattern[place] == '^';
  if (is_negated) place++;
  bool found = false;
  while (place < pattern.size() && pattern[place] != ']') {
    if (pattern[place] == '\\' && place + 1 < pattern.size()) {
      found |= pattern[place + 1] == byte;
      place += 2;
    } else if (place + 2 < pattern.size() && pattern[place + 1] == '-') {
      const auto [low, high] = std::minmax({AsSigned(pattern[place]), AsSigned(pattern[place + 2])});
      const signed char value = AsSigned(byte);
      found |= value >= low && value <= high;
      place += 3;
    } else {
      found |= pattern[place] == byte;
      place++;
    }
  }
  return {found != is_negated, std::min(place + 1, pattern.size())};
}

// Everything but a star: takes exactly one byte of the text.
Step MatchOne(std::string_view pattern, size_t place, char byte) {
  switch (pattern[place]) {
    case '?':
      return {true, place + 1};
    case '[':
      return MatchClass(pattern, place + 1, byte);
    case '\\':
      if (place + 1 < pattern.size()) place++;
      [[fallthrough]];
    default:
      return {pattern[place] == byte, place + 1};
  }
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty();  // not even a star matches nothing at all, as in Redis
  constexpr size_t kNoStar = ~size_t{0};
  size_t place = 0, at = 0;
  size_t behind_star = kNoStar, star_ends_at = 0;
  while (at < text.size()) {
    if (place < pattern.size() && pattern[place] == '*') {
      while (place < pattern.size() && pattern[place] == '*') place++;
      if (place == pattern.size()) return true;
      behind_star = place;
      star_ends_at = at;
      continue;
    }
    if (place < pattern.size()) {
      const Step step = MatchOne(pattern, place, text[at]);
      if (step.matches) {
        place = step.next;
        at++;
        continue;
      }
    }
    if (behind_star == kNoStar) return false;
    place = behind_star;
    at = ++star_ends_at;
  }
  while (place < pattern.size() && pattern[place] == '*') place++;
  return place == pattern.size();
}

}  // namespace distcache::command
