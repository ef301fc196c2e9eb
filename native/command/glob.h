// Patterns of KEYS and SCAN: * any bytes, ? one byte, [abc] [a-z] [^a] one of a class, \x the byte x itself.
#pragma once

#include <string_view>

namespace distcache::command {

// In at most |pattern| * |text| steps: only the last star is ever returned to, which finds every match there is, so many
// stars cost no more than one.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace distcache::command
