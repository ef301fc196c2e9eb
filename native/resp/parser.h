// The request parser: RESP arrays of bulk strings, and inline commands. It resumes at any byte, copies nothing while a
// command lies whole in the read buffer, and lets a big argument be received straight into a Block.
//
// How a reader drives it: call Parse with all bytes that are at hand, from the first that no finished command used. The bytes
// may lie elsewhere at each call, but must be the same ones with more behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/block.h"
#include "resp/argument_list.h"
#include "resp/limits.h"

namespace distcache::resp {

enum class ParseResult : uint8_t {
  kCommand,   // arguments() hold one command (at least one argument); consumed() bytes of the buffer were used
  kNeedMore,  // no whole command yet; consumed() bytes may be dropped, the rest must come again with more behind it
  kBig,  // as kNeedMore, but only kept_bytes() behind consumed() must come again: what followed was taken already, and the
         // next big_remaining() bytes belong at big_destination(): receive there, then BigReceived(n) until 0 remain
  kError,  // error() is the text after "-ERR "; answer it and close
  kOutOfMemory,
};

class Parser {
 public:
  ParseResult Parse(std::string_view buffer);

  // Valid after kCommand until the next Parse; views into the buffer or into blocks. A caller may move blocks out.
  std::span<Argument> arguments() { return arguments_.view(); }
  bool is_inline() const { return is_inline_; }
  size_t consumed() const { return consumed_; }
  size_t kept_bytes() const { return kept_bytes_; }
  std::string_view error() const { return error_; }

  char* big_destination() const { return big_->data() + big_filled_; }
  size_t big_remaining() const { return big_ ? big_->size() - big_filled_ : 0; }
  void BigReceived(size_t bytes) { big_filled_ += bytes; }

  // The bytes that the last Parse saw lie at `moved` now: its command's arguments are looked at there.
  void Relocate(const char* moved);

  // A whole command out of the parser, so that later ones can be parsed before it runs. An inline command cannot be taken out.
  struct Taken {
    ArgumentList arguments;
    size_t consumed = 0;
    const char* buffer = nullptr;
  };
  void TakeOut(Taken* taken);  // after kCommand
  void PutBack(Taken* taken);  // it is the parser's command again, as right after the Parse that gave it

  // Before authentication a client may send little: at most 10 arguments of 16 KiB.
  void SetLimited(bool is_limited) { is_limited_ = is_limited; }
  // Forgets a command that is not whole; the next Parse starts at a command's first byte.
  void Reset();
  bool is_between_commands() const { return remaining_ == 0; }

 private:
  enum class Step : uint8_t { kDone, kMore, kBig, kError, kOutOfMemory };

  Step ParseArguments(std::string_view buffer);
  Step ParseHeader(std::string_view buffer, const char* too_long, int64_t* value, bool* is_number);
  Step ParseCount(std::string_view buffer);
  Step ParseBulkLength(std::string_view buffer);
  Step ParseInline(std::string_view buffer);
  Step SplitInline(std::string_view line);
  Step BeginBig(std::string_view buffer);
  Step FinishBig(std::string_view buffer);
  Step Fail(std::string_view text);
  ParseResult Finish(Step step, size_t command_begin);

  ArgumentList arguments_;
  size_t position_ = 0;  // how far into the buffer, at the next call, parsing has come
  size_t consumed_ = 0;
  size_t kept_bytes_ = 0;
  const char* buffer_ = nullptr;  // what the last Parse saw
  const char* base_ = nullptr;    // where the command's first byte lay when the views were made
  int64_t remaining_ = 0;         // arguments that are still to come
  int64_t bulk_length_ = -1;      // of the argument under way; -1: its length line is to come
  uint64_t command_bytes_ = 0;
  BlockRef big_;  // the argument that is being received into a block
  size_t big_filled_ = 0;
  bool is_limited_ = false;
  bool is_inline_ = false;
  bool has_command_ = false;  // the last Parse gave one: its arguments go at the next
  std::string error_;
  std::string inline_text_;  // unescaped arguments of an inline command
};

}  // namespace distcache::resp
