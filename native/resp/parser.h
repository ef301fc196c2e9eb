// The request parser: RESP arrays of bulk strings, and inline commands. It resumes at any byte, copies nothing while a
// command lies whole in the read buffer, and lets a big argument be received straight into a Block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/block.h"
#include "resp/limits.h"

namespace distcache::resp {

// One argument: bytes in the read buffer (valid until it moves), or in `block` when it was received into one.
struct Argument {
  std::string_view bytes;
  BlockRef block;
};

enum class ParseResult : uint8_t {
  kCommand,   // arguments() hold one command; consumed() bytes of the buffer were used
  kNeedMore,  // no whole command yet; consumed() bytes may be dropped, the rest must come again with more behind it
  kBig,       // the next big_remaining() bytes belong at big_destination(): receive there, then BigReceived(n)
  kError,     // error() is the text after "-ERR "; answer it and close
  kOutOfMemory,
};

class Parser {
 public:
  ParseResult Parse(std::string_view buffer);
  // (the owner of this file fills in the rest: accessors named above, limits by authentication state
  //  (unauthenticated: at most 10 arguments of 16 KiB, as Redis), Reset)
};

}  // namespace distcache::resp
