#include "resp/inline_split.h"

namespace distcache::resp {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

}  // namespace

bool InlineSplit::EndsArgument() const { return at_ == line_.size() || IsSpace(line_[at_]); }

InlineSplit::Token InlineSplit::Next(std::string* text) {
  while (at_ < line_.size() && IsSpace(line_[at_])) ++at_;
  if (at_ == line_.size()) return Token::kEnd;
  while (!EndsArgument()) {
    const char c = line_[at_++];
    if (c == '"') return TakeDoubleQuoted(text) ? Token::kArgument : Token::kUnbalanced;
    if (c == '\'') return TakeSingleQuoted(text) ? Token::kArgument : Token::kUnbalanced;
    text->push_back(c);
  }
  return Token::kArgument;
}

bool InlineSplit::TakeDoubleQuoted(std::string* text) {
  while (at_ < line_.size()) {
    const char c = line_[at_++];
    if (c == '"') return EndsArgument();
    if (c != '\\' || at_ == line_.size()) {
      text->push_back(c);
      continue;
    }
    const bool is_hex =
        line_[at_] == 'x' && at_ + 2 < line_.size() && HexDigit(line_[at_ + 1]) >= 0 && HexDigit(line_[at_ + 2]) >= 0;
    if (is_hex) {
      text->push_back(static_cast<char>(HexDigit(line_[at_ + 1]) * 16 + HexDigit(line_[at_ + 2])));
      at_ += 3;
    } else {
      text->push_back(Unescaped(line_[at_++]));
    }
  }
  return false;
}

bool InlineSplit::TakeSingleQuoted(std::string* text) {
  while (at_ < line_.size()) {
    const char c = line_[at_++];
    if (c == '\'') return EndsArgument();
    if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') {
      text->push_back(line_[at_++]);
    } else {
      text->push_back(c);
    }
  }
  return false;
}

}  // namespace distcache::resp
