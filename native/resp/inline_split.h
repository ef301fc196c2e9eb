// Splits an inline command (a line typed into telnet) into arguments: words, "double quotes" with \n \r \t \b \a \xHH escapes,
// 'single quotes' with \' alone. A closing quote must end its argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace distcache::resp {

class InlineSplit {
 public:
  enum class Token : uint8_t { kArgument, kEnd, kUnbalanced };

  explicit InlineSplit(std::string_view line) : line_(line) {}
  // Appends the next argument, unescaped, to *text.
  Token Next(std::string* text);

 private:
  bool TakeDoubleQuoted(std::string* text);
  bool TakeSingleQuoted(std::string* text);
  bool EndsArgument() const;

  std::string_view line_;
  size_t at_ = 0;
};

}  // namespace distcache::resp
