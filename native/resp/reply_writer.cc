#include "resp/reply_writer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "resp/decimal.h"

namespace distcache::resp {
namespace {

constexpr size_t kHeaderBytes = 1 + kMaxDecimalBytes + 2;

// type, number, CR LF at `place` (kHeaderBytes of room); returns the place behind them.
inline char* WriteHeader(char* place, char type, int64_t value) {
  *place++ = type;
  place += WriteSignedDecimal(place, value);
  *place++ = '\r';
  *place++ = '\n';
  return place;
}

}  // namespace

void ReplyWriter::Header(char type, int64_t value) {
  char* const place = output_.Prepare(kHeaderBytes);
  output_.Advance(static_cast<size_t>(WriteHeader(place, type, value) - place));
}

void ReplyWriter::Simple(std::string_view text) {
  output_.Append("+");
  output_.Append(text);
  output_.Append("\r\n");
}

void ReplyWriter::Error(std::string_view code_and_text) {
  ++error_count_;
  code_length_ = static_cast<uint8_t>(std::min(code_and_text.substr(0, code_and_text.find(' ')).size(), sizeof(code_)));
  std::memcpy(code_, code_and_text.data(), code_length_);
  output_.Append("-");
  while (!code_and_text.empty()) {
    const size_t clean = std::min(code_and_text.find_first_of("\r\n"), code_and_text.size());
    output_.Append(code_and_text.substr(0, clean));
    if (clean == code_and_text.size()) break;
    output_.Append(" ");
    code_and_text.remove_prefix(clean + 1);
  }
  output_.Append("\r\n");
}

void ReplyWriter::Bulk(std::string_view bytes) {
  // Header, bytes and end in one place when they fit into a chunk's rest: one check instead of three.
  const bool is_small = bytes.size() <= kMaxPrepareBytes - kHeaderBytes - 2;
  char* const place = output_.Prepare(kHeaderBytes + 2 + (is_small ? bytes.size() : 0));
  char* end = WriteHeader(place, '$', static_cast<int64_t>(bytes.size()));
  if (!is_small) {
    output_.Advance(static_cast<size_t>(end - place));
    output_.Append(bytes);
    output_.Append("\r\n");
    return;
  }
  if (!bytes.empty()) std::memcpy(end, bytes.data(), bytes.size());
  end += bytes.size();
  *end++ = '\r';
  *end++ = '\n';
  output_.Advance(static_cast<size_t>(end - place));
}

void ReplyWriter::BulkBlock(const BlockRef& block) { BulkBlockRange(block, 0, block->size()); }

void ReplyWriter::BulkBlockRange(const BlockRef& block, size_t offset_bytes, size_t length_bytes) {
  Header('$', static_cast<int64_t>(length_bytes));
  output_.AppendBlock(block, offset_bytes, length_bytes);
  output_.Append("\r\n");
}

void ReplyWriter::BulkInteger(int64_t value) {
  char digits[kMaxDecimalBytes];
  Bulk({digits, WriteSignedDecimal(digits, value)});
}

void ReplyWriter::Null() { output_.Append(protocol_ == Protocol::kResp2 ? "$-1\r\n" : "_\r\n"); }
void ReplyWriter::NullArray() { output_.Append(protocol_ == Protocol::kResp2 ? "*-1\r\n" : "_\r\n"); }

void ReplyWriter::Map(size_t pairs) {
  const bool is_resp2 = protocol_ == Protocol::kResp2;
  Header(is_resp2 ? '*' : '%', static_cast<int64_t>(is_resp2 ? pairs * 2 : pairs));
}

void ReplyWriter::Set(size_t count) { Header(protocol_ == Protocol::kResp2 ? '*' : '~', static_cast<int64_t>(count)); }

void ReplyWriter::Double(double value) {
  char text[40];
  int length;
  if (std::isnan(value)) {
    length = std::snprintf(text, sizeof(text), "nan");
  } else if (std::isinf(value)) {
    length = std::snprintf(text, sizeof(text), value > 0 ? "inf" : "-inf");
  } else {
    length = std::snprintf(text, sizeof(text), "%.17g", value);
  }
  const std::string_view digits(text, static_cast<size_t>(length));
  if (protocol_ == Protocol::kResp2) return Bulk(digits);
  output_.Append(",");
  output_.Append(digits);
  output_.Append("\r\n");
}

void ReplyWriter::Boolean(bool value) {
  if (protocol_ == Protocol::kResp2) return Integer(value ? 1 : 0);
  output_.Append(value ? "#t\r\n" : "#f\r\n");
}

}  // namespace distcache::resp
