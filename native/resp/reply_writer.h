// Writes RESP2 or RESP3 replies into an Output. Format: the RESP specification, versions 2 and 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/block.h"
#include "resp/output.h"

namespace distcache::resp {

enum class Protocol : uint8_t { kResp2 = 2, kResp3 = 3 };

class ReplyWriter {
 public:
  ReplyWriter(Output& output, Protocol protocol) : output_(output), protocol_(protocol) {}

  void Ok() { output_.Append("+OK\r\n"); }
  void Simple(std::string_view text);                  // +text; no CR or LF
  void Error(std::string_view code_and_text);          // -text; CR and LF become spaces; counted
  void Integer(int64_t value) { Header(':', value); }  // :n
  void Bulk(std::string_view bytes);                   // $n
  void BulkBlock(const BlockRef& block);               // $n, without a copy
  void BulkBlockRange(const BlockRef& block, size_t offset_bytes, size_t length_bytes);
  void BulkInteger(int64_t value);  // the number as a bulk string
  void Null();                      // RESP2: $-1; RESP3: _
  void NullArray();                 // RESP2: *-1; RESP3: _
  void Array(size_t count) { Header('*', static_cast<int64_t>(count)); }
  void Map(size_t pairs);     // RESP2: array of twice as many
  void Set(size_t count);     // RESP2: array
  void Double(double value);  // RESP2: bulk
  void Boolean(bool value);   // RESP2: :0 or :1

  Protocol protocol() const { return protocol_; }
  bool has_error() const { return error_count_ > 0; }  // an Error was written since Reset
  uint32_t error_count() const { return error_count_; }
  std::string_view error_code() const { return {code_, code_length_}; }  // the first word of the last, for errorstats
  void Reset() { error_count_ = 0, code_length_ = 0; }

 private:
  void Header(char type, int64_t value);

  Output& output_;
  Protocol protocol_;
  uint32_t error_count_ = 0;
  uint8_t code_length_ = 0;
  char code_[31];  // longer codes are cut
};

}  // namespace distcache::resp
