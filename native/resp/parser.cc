#include "resp/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "resp/inline_split.h"

namespace distcache::resp {
namespace {

// A decimal number as Redis takes it: no plus, no spaces, no leading zeros, within 64 bits.
bool ReadNumber(std::string_view text, int64_t* value) {
  const bool is_negative = !text.empty() && text.front() == '-';
  if (is_negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 19) return false;
  if (text.front() == '0') {
    *value = 0;
    return text.size() == 1 && !is_negative;
  }
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  if (number > static_cast<uint64_t>(INT64_MAX)) return false;
  *value = is_negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
  return true;
}

}  // namespace

void Parser::Reset() {
  arguments_.Clear();
  position_ = 0;
  remaining_ = 0;
  bulk_length_ = -1;
  command_bytes_ = 0;
  big_ = BlockRef();
  has_command_ = false;
}

void Parser::Relocate(const char* moved) {
  if (!is_inline_) arguments_.Shift(moved - buffer_);
  base_ += moved - buffer_;
  buffer_ = moved;
}

void Parser::TakeOut(Taken* taken) {
  taken->arguments.Swap(arguments_);
  taken->consumed = consumed_;
  taken->buffer = buffer_;
}

void Parser::PutBack(Taken* taken) {
  Reset();
  arguments_.Swap(taken->arguments);
  consumed_ = taken->consumed;
  base_ = buffer_ = taken->buffer;
  is_inline_ = false;
  has_command_ = true;
}

ParseResult Parser::Parse(std::string_view buffer) {
  if (has_command_) Reset();
  if (remaining_ > 0 && base_ != buffer.data()) arguments_.Shift(buffer.data() - base_);
  base_ = buffer_ = buffer.data();
  size_t command_begin = 0;
  for (;;) {
    if (remaining_ == 0) {
      command_begin = position_;
      base_ = buffer.data() + command_begin;
      if (position_ == buffer.size()) return Finish(Step::kMore, command_begin);
      is_inline_ = buffer[position_] != '*';
      const Step step = is_inline_ ? ParseInline(buffer) : ParseCount(buffer);
      if (step != Step::kDone) return Finish(step, command_begin);
      if (is_inline_ && arguments_.size() > 0) return Finish(Step::kDone, command_begin);
      if (remaining_ == 0) continue;  // "*0" and empty lines ask nothing
    }
    return Finish(ParseArguments(buffer), command_begin);
  }
}

ParseResult Parser::Finish(Step step, size_t command_begin) {
  switch (step) {
    case Step::kDone:
      consumed_ = position_;
      has_command_ = true;
      return ParseResult::kCommand;
    case Step::kMore:
    case Step::kBig:
      consumed_ = command_begin;
      position_ -= command_begin;
      kept_bytes_ = position_;
      return step == Step::kMore ? ParseResult::kNeedMore : ParseResult::kBig;
    case Step::kError:
      return ParseResult::kError;
    case Step::kOutOfMemory:
      return ParseResult::kOutOfMemory;
  }
  return ParseResult::kError;
}

// Takes arguments until the command is whole. The fast path of the whole server: no call leaves this loop for a command
// that lies in the buffer.
Parser::Step Parser::ParseArguments(std::string_view buffer) {
  while (remaining_ > 0) {
    if (big_) {
      const Step step = FinishBig(buffer);
      if (step != Step::kDone) return step;
      continue;
    }
    if (bulk_length_ < 0) {
      const Step step = ParseBulkLength(buffer);
      if (step != Step::kDone) return step;
    }
    const auto length = static_cast<size_t>(bulk_length_);
    const size_t at_hand = buffer.size() - position_;
    if (at_hand < length + 2) {
      return length > kBlockThresholdBytes && at_hand < length ? BeginBig(buffer) : Step::kMore;
    }
    if (!arguments_.Push(buffer.substr(position_, length))) return Step::kOutOfMemory;
    position_ += length + 2;  // like Redis, whatever two bytes end the argument
    bulk_length_ = -1;
    --remaining_;
  }
  return Step::kDone;
}

// The line at position_ behind its type byte. kDone: *is_number says whether *value is one, and the line was taken.
Parser::Step Parser::ParseHeader(std::string_view buffer, const char* too_long, int64_t* value, bool* is_number) {
  const char* const line = buffer.data() + position_ + 1;
  const size_t at_hand = buffer.size() - position_ - 1;
  // One and two digits are nearly all there is.
  if (at_hand >= 3 && line[1] == '\r' && line[0] >= '0' && line[0] <= '9') {
    *value = line[0] - '0';
    *is_number = true;
    position_ += 4;
    return Step::kDone;
  }
  if (at_hand >= 4 && line[2] == '\r' && line[0] >= '1' && line[0] <= '9' && line[1] >= '0' && line[1] <= '9') {
    *value = (line[0] - '0') * 10 + (line[1] - '0');
    *is_number = true;
    position_ += 5;
    return Step::kDone;
  }
  const auto* end = static_cast<const char*>(std::memchr(line, '\r', at_hand));
  if (end == nullptr) return at_hand + 1 > kMaxInlineBytes ? Fail(too_long) : Step::kMore;
  const auto length = static_cast<size_t>(end - line);
  if (length + 2 > at_hand) return Step::kMore;
  *is_number = ReadNumber({line, length}, value);
  position_ += length + 3;
  return Step::kDone;
}

Parser::Step Parser::ParseCount(std::string_view buffer) {
  int64_t count = 0;
  bool is_number = false;
  const Step step = ParseHeader(buffer, "Protocol error: too big mbulk count string", &count, &is_number);
  if (step != Step::kDone) return step;
  if (!is_number || count > kMaxArguments) return Fail("Protocol error: invalid multibulk length");
  if (is_limited_ && count > kMaxUnauthenticatedArguments)
    return Fail("Protocol error: unauthenticated multibulk length");
  remaining_ = std::max<int64_t>(count, 0);
  return Step::kDone;
}

Parser::Step Parser::ParseBulkLength(std::string_view buffer) {
  if (position_ >= buffer.size()) return Step::kMore;
  int64_t length = 0;
  bool is_number = false;
  if (buffer[position_] == '$') {
    const Step step = ParseHeader(buffer, "Protocol error: too big bulk count string", &length, &is_number);
    if (step != Step::kDone) return step;
  } else {
    // Redis looks at the byte only when the line is there.
    const size_t at_hand = buffer.size() - position_;
    const void* end = std::memchr(buffer.data() + position_, '\r', at_hand);
    if (end == nullptr && at_hand > kMaxInlineBytes) return Fail("Protocol error: too big bulk count string");
    if (end == nullptr || static_cast<const char*>(end) + 1 == buffer.data() + buffer.size()) return Step::kMore;
    return Fail(std::string("Protocol error: expected '$', got '") + buffer[position_] + "'");
  }
  if (!is_number || length < 0 || length > kMaxBulkBytes) return Fail("Protocol error: invalid bulk length");
  if (is_limited_ && length > kMaxUnauthenticatedBulkBytes) return Fail("Protocol error: unauthenticated bulk length");
  command_bytes_ += static_cast<uint64_t>(length);
  if (command_bytes_ > kMaxCommandBytes) return Fail("Protocol error: too big request");
  bulk_length_ = length;
  return Step::kDone;
}

Parser::Step Parser::BeginBig(std::string_view buffer) {
  big_ = BlockRef(Block::TryCreate(static_cast<size_t>(bulk_length_)));
  if (!big_) return Step::kOutOfMemory;
  big_filled_ = buffer.size() - position_;
  if (big_filled_ > 0) std::memcpy(big_->data(), buffer.data() + position_, big_filled_);
  return Step::kBig;
}

Parser::Step Parser::FinishBig(std::string_view buffer) {
  if (big_remaining() > 0) return Step::kBig;
  if (buffer.size() - position_ < 2) return Step::kMore;
  if (!arguments_.PushBlock(std::move(big_))) return Step::kOutOfMemory;
  big_ = BlockRef();
  position_ += 2;
  bulk_length_ = -1;
  --remaining_;
  return Step::kDone;
}

Parser::Step Parser::ParseInline(std::string_view buffer) {
  const std::string_view rest = buffer.substr(position_);
  const size_t newline = rest.find('\n');
  if (newline == std::string_view::npos) {
    return rest.size() > kMaxInlineBytes ? Fail("Protocol error: too big inline request") : Step::kMore;
  }
  std::string_view line = rest.substr(0, newline);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const Step step = SplitInline(line);
  if (step == Step::kDone) position_ += newline + 1;
  return step;
}

Parser::Step Parser::SplitInline(std::string_view line) {
  // Unescaped text is never longer than the line, so views into inline_text_ stay valid while it grows.
  inline_text_.clear();
  inline_text_.reserve(line.size());
  InlineSplit split(line);
  for (;;) {
    const size_t begin = inline_text_.size();
    switch (split.Next(&inline_text_)) {
      case InlineSplit::Token::kArgument:
        if (!arguments_.Push(std::string_view(inline_text_).substr(begin))) return Step::kOutOfMemory;
        break;
      case InlineSplit::Token::kEnd:
        return Step::kDone;
      case InlineSplit::Token::kUnbalanced:
        return Fail("Protocol error: unbalanced quotes in request");
    }
  }
}

Parser::Step Parser::Fail(std::string_view text) {
  error_ = text;
  return Step::kError;
}

}  // namespace distcache::resp
