// Files, with interrupted calls and short transfers handled here: a transfer is whole or an error.
// A File is used by one thread at a time; ReadAt may be called by many at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/status.h"
#include "port/descriptor.h"

namespace distcache::port {

class File {
 public:
  static Result<File> OpenForReading(const std::string& path);
  // Makes the file, or empties the one that is there. Permissions: owner only.
  static Result<File> CreateForWriting(const std::string& path);

  // Reads at most size_bytes at the offset; fewer only at the end of the file.
  Result<size_t> ReadAt(char* destination, size_t size_bytes, uint64_t offset_bytes) const;
  Status Write(std::string_view bytes);
  Status WriteAll(std::span<const std::string_view> pieces);  // in order, as few calls as the system allows
  // Overwrites bytes at an offset; the position of Write does not move.
  Status WriteAt(std::string_view bytes, uint64_t offset_bytes);
  // After an error the pages may be lost although a second call succeeds: the file is not to be trusted any more.
  Status SyncData();
  Result<uint64_t> SizeBytes() const;
  Status Close() { return descriptor_.Close(); }
  int descriptor() const { return descriptor_.number(); }
  const std::string& path() const { return path_; }

 private:
  File(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}
  Descriptor descriptor_;
  std::string path_;
};

Status RenameFile(const std::string& from, const std::string& to);
Status RemoveFile(const std::string& path);
// Makes renames and new names in the directory last through a power cut.
Status SyncDirectory(const std::string& path);

}  // namespace distcache::port
