// The parser sees any bytes, whole and cut into pieces: it must neither crash nor read outside, and give the same commands.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "resp/parser.h"

namespace {

using distcache::resp::Argument;
using distcache::resp::Parser;
using distcache::resp::ParseResult;

// The commands of a stream as one text, for comparison; what follows an error is not looked at.
class Driver {
 public:
  void Feed(std::string_view piece) {
    while (!piece.empty() && !has_failed_) {
      if (parser_.big_remaining() > 0) {
        const size_t part = std::min(piece.size(), parser_.big_remaining());
        std::memcpy(parser_.big_destination(), piece.data(), part);
        parser_.BigReceived(part);
        piece.remove_prefix(part);
        continue;
      }
      // A buffer of exactly this size, so that the sanitizer sees a read behind its end.
      std::vector<char> joined(buffer_.begin(), buffer_.end());
      joined.insert(joined.end(), piece.begin(), piece.end());
      joined.shrink_to_fit();
      buffer_.swap(joined);
      piece = {};
      ParseAll();
    }
  }
  const std::string& seen() const { return seen_; }

 private:
  void Drop(size_t bytes) {
    buffer_ = std::vector<char>(buffer_.begin() + static_cast<ptrdiff_t>(bytes), buffer_.end());
  }

  void ParseAll() {
    for (;;) {
      switch (parser_.Parse({buffer_.data(), buffer_.size()})) {
        case ParseResult::kCommand:
          for (const Argument& argument : parser_.arguments()) {
            seen_ += std::to_string(argument.bytes.size()) + ":" + std::string(argument.bytes) + ",";
          }
          seen_ += "\n";
          Drop(parser_.consumed());
          continue;
        case ParseResult::kBig:
          buffer_.resize(parser_.consumed() + parser_.kept_bytes());
          Drop(parser_.consumed());
          return;
        case ParseResult::kNeedMore:
          Drop(parser_.consumed());
          return;
        case ParseResult::kError:
        case ParseResult::kOutOfMemory:
          seen_ += "error " + std::string(parser_.error());
          has_failed_ = true;
          return;
      }
    }
  }

  Parser parser_;
  std::vector<char> buffer_;
  std::string seen_;
  bool has_failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t piece_bytes = 1 + data[0] % 64;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  Driver whole;
  whole.Feed(stream);
  Driver pieces;
  for (size_t at = 0; at < stream.size(); at += piece_bytes) pieces.Feed(stream.substr(at, piece_bytes));
  if (whole.seen() != pieces.seen()) std::abort();
  return 0;
}
