// The snapshot loader: arbitrary files, and files whose checksums are right and whose contents are not. Either the whole file is
// loaded or the store stays empty.
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/crc32c.h"
#include "snapshot/contents.h"
#include "snapshot/loader.h"
#include "snapshot/temporary_file.h"
#include "wal/effects.h"

namespace {

using namespace distcache;
using snapshot::BlockHeader;
using snapshot::BlockKind;
using snapshot::FileHeader;
using snapshot::Footer;

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

FileHeader HeaderOf(uint64_t first_sequence) {
  FileHeader header{};
  std::memcpy(header.magic.data(), snapshot::kMagic.data(), snapshot::kMagic.size());
  header.version = snapshot::kFormatVersion;
  header.header_bytes = sizeof(header);
  header.log_id = wal::TestLogId();
  header.first_sequence = first_sequence;
  header.databases = 16;
  header.checksum = Crc32c(BytesOf(header).substr(0, offsetof(FileHeader, checksum)));
  return header;
}

// A whole file around payloads that come from the input. Each piece begins with two bytes: the block's kind and count.
std::string Framed(std::string_view input) {
  const FileHeader header = HeaderOf(10);
  const uint32_t seed = Crc32c(BytesOf(header.snapshot_id));
  std::string file(BytesOf(header));
  Footer footer{};
  while (input.size() > 2) {
    const BlockKind kind = input[0] % 2 == 0 ? BlockKind::kEntries : BlockKind::kRecords;
    const auto count = static_cast<uint8_t>(input[1]) % 8u + 1u;
    input.remove_prefix(2);
    const size_t size = std::min<size_t>(input.size(), 64 + count * 8);
    std::string payload(input.substr(0, size));
    input.remove_prefix(size);
    if (kind == BlockKind::kRecords && payload.size() > wal::kRecordHeaderBytes) {
      const uint64_t words[] = {payload.size() << 32, (11 + footer.records) << 8};
      std::memcpy(payload.data(), words, sizeof(words));
      const uint32_t checksum = Crc32c(std::string_view(payload).substr(4), wal::ChecksumSeed(wal::TestLogId()));
      std::memcpy(payload.data(), &checksum, sizeof(checksum));
    }
    BlockHeader block{0, kind, payload.size(), footer.blocks++, kind == BlockKind::kRecords ? 1u : count};
    (kind == BlockKind::kRecords ? footer.records : footer.entries) += block.count;
    block.checksum = Crc32c(payload, Crc32c(BytesOf(block).substr(4), seed));
    file.append(BytesOf(block)).append(payload);
  }
  std::memcpy(footer.magic.data(), snapshot::kFooterMagic.data(), snapshot::kFooterMagic.size());
  footer.last_sequence = 10 + footer.records;
  footer.file_bytes = file.size() + sizeof(footer);
  footer.checksum = Crc32c(BytesOf(footer).substr(4), seed);
  return file.append(BytesOf(footer));
}

void Load(const TemporaryFile& file, std::string_view bytes) {
  file.Write(bytes);
  const auto store = store::MakeStore(nullptr, 1);
  const auto loaded = snapshot::LoadSnapshot(store.get(), {.path = file.path()});
  if (loaded.ok()) {
    Require(snapshot::CheckSnapshot({.path = file.path()}).ok());
  } else {
    Require(store->Stats().entries == 0);
  }
  Require(store->CheckInvariants().ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TemporaryFile* file = new TemporaryFile("snapshot-fuzzer");
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Load(*file, input);
  Load(*file, Framed(input));
  return 0;
}
