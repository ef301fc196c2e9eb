// The record reader: arbitrary files, and files whose checksums are right and whose contents are not. Whatever is read is encoded
// anew and must be read back the same.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/crc32c.h"
#include "snapshot/contents.h"
#include "wal/effects.h"
#include "wal/replay.h"
#include "wal/segment_replay.h"

namespace {

using namespace distcache;
using wal::Format;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Wraps the bytes as the content of a record that has a right frame, sequence number and checksum.
std::string Framed(Format format, uint64_t sequence, std::string_view content) {
  const uint32_t seed = wal::ChecksumSeed(wal::TestLogId());
  if (format == Format::kText) {
    std::string line = std::to_string(sequence) + " " + std::to_string(content.size()) + " " + std::string(content);
    char checksum[10];
    std::snprintf(checksum, sizeof(checksum), "%08x ", Crc32c(line, seed));
    return checksum + line + "\n";
  }
  std::string record(wal::kRecordHeaderBytes, '\0');
  record += content;
  const uint64_t words[] = {record.size() << 32, record.size() >> 32 | sequence << 8};
  std::memcpy(record.data(), words, sizeof(words));
  const uint32_t checksum = Crc32c(std::string_view(record).substr(4), seed);
  std::memcpy(record.data(), &checksum, sizeof(checksum));
  return record;
}

void CheckRoundTrip(const wal::Record& record) {
  for (const Format format : {Format::kBinary, Format::kText}) {
    const std::string encoded = wal::Encode(format, record.sequence, record.effects);
    wal::Record again;
    Require(wal::ParseRecord(format, wal::ChecksumSeed(wal::TestLogId()), encoded, &again, nullptr) ==
            wal::ParseResult::kOk);
    Require(again.size_bytes == encoded.size() && again.effects.size() == record.effects.size());
    for (size_t i = 0; i < record.effects.size(); ++i) Require(wal::IsSame(again.effects[i], record.effects[i]));
  }
}

// An offset far away asks for that much memory, zeroed: allowed, but slow.
bool IsModest(const wal::Record& record) {
  for (const store::Effect& effect : record.effects) {
    if (effect.offset > 1 << 20) return false;
  }
  return true;
}

void Read(const std::string& segment) {
  wal::RecordReader reader(wal::BorrowMemorySource(segment));
  wal::ReadResult result = reader.ReadHeader();
  decltype(store::MakeStore(nullptr, 1)) store;  // made when needed: most inputs hold no whole record
  wal::Record record;
  while (result == wal::ReadResult::kRecord) {
    const uint64_t before = reader.valid_bytes();
    result = reader.Next(&record);
    if (result != wal::ReadResult::kRecord) break;
    Require(reader.valid_bytes() == before + record.size_bytes);
    CheckRoundTrip(record);
    if (!IsModest(record)) continue;
    if (store == nullptr) store = store::MakeStore(nullptr, 1);
    (void)wal::ApplyEffects(store.get(), record.effects, 1);
  }
  Require(reader.valid_bytes() <= segment.size());
  Require(store == nullptr || store->CheckInvariants().ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Read(std::string(input));
  for (const Format format : {Format::kBinary, Format::kText}) {
    std::string segment = wal::EncodeSegmentHeader({format, wal::TestLogId(), 1, 0});
    Read(segment + std::string(input));
    uint64_t sequence = 1;
    std::string_view rest = input;
    while (!rest.empty()) {
      const size_t cut = std::min(rest.size(), rest.find('\0'));
      segment += Framed(format, sequence++, rest.substr(0, std::max<size_t>(cut, 1)));
      rest.remove_prefix(std::min(rest.size(), cut + 1));
    }
    segment += Framed(format, sequence, input);
    Read(segment);
  }
  return 0;
}
