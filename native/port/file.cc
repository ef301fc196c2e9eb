#include "port/file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "port/os_error.h"

namespace distcache::port {
namespace {

constexpr mode_t kOwnerOnly = 0600;

int OpenRetrying(const std::string& path, int flags) {
  int number;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly);
  } while (number < 0 && errno == EINTR);
  return number;
}

Status SyncDescriptor(int number, bool data_only, const std::string& path) {
  int result;
  do {
    result = data_only ? ::fdatasync(number) : ::fsync(number);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status::Ok() : OsError("cannot sync", path, errno);
}

// Drops `sent` bytes from the front of vectors[first...]; returns the first that still has bytes.
size_t SkipSent(std::vector<iovec>& vectors, size_t first, size_t sent) {
  while (first < vectors.size() && sent >= vectors[first].iov_len) sent -= vectors[first++].iov_len;
  if (first < vectors.size()) {
    vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + sent;
    vectors[first].iov_len -= sent;
  }
  return first;
}

}  // namespace

Result<File> File::OpenForReading(const std::string& path) {
  Descriptor descriptor(OpenRetrying(path, O_RDONLY));
  if (!descriptor.is_open()) return OsError("cannot open", path, errno);
  return File(std::move(descriptor), path);
}

Result<File> File::CreateForWriting(const std::string& path) {
  Descriptor descriptor(OpenRetrying(path, O_RDWR | O_CREAT | O_TRUNC));
  if (!descriptor.is_open()) return OsError("cannot create", path, errno);
  return File(std::move(descriptor), path);
}

Result<size_t> File::ReadAt(char* destination, size_t size_bytes, uint64_t offset_bytes) const {
  size_t done = 0;
  while (done < size_bytes) {
    const ssize_t got =
        ::pread(descriptor(), destination + done, size_bytes - done, static_cast<off_t>(offset_bytes + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return OsError("cannot read", path_, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Status File::Write(std::string_view bytes) { return WriteAll({&bytes, 1}); }

Status File::WriteAll(std::span<const std::string_view> pieces) {
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) vectors.push_back({const_cast<char*>(piece.data()), piece.size()});
  }
  size_t first = 0;
  while (first < vectors.size()) {
    const int count = static_cast<int>(std::min<size_t>(vectors.size() - first, IOV_MAX));
    const ssize_t sent = ::writev(descriptor(), &vectors[first], count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return OsError("cannot write", path_, errno);
    if (sent == 0) return OsError("cannot write", path_, EIO);
    first = SkipSent(vectors, first, static_cast<size_t>(sent));
  }
  return Status::Ok();
}

Status File::WriteAt(std::string_view bytes, uint64_t offset_bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::pwrite(descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset_bytes));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return OsError("cannot write", path_, errno);
    if (sent == 0) return OsError("cannot write", path_, EIO);
    bytes.remove_prefix(static_cast<size_t>(sent));
    offset_bytes += static_cast<uint64_t>(sent);
  }
  return Status::Ok();
}

Status File::SyncData() { return SyncDescriptor(descriptor(), true, path_); }

Result<uint64_t> File::SizeBytes() const {
  struct stat facts {};
  if (::fstat(descriptor(), &facts) != 0) return OsError("cannot stat", path_, errno);
  return static_cast<uint64_t>(facts.st_size);
}

Status RenameFile(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? Status::Ok() : OsError("cannot rename", from, errno);
}

Status RemoveFile(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? Status::Ok() : OsError("cannot remove", path, errno);
}

Status SyncDirectory(const std::string& path) {
  const Descriptor descriptor(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
  if (!descriptor.is_open()) return OsError("cannot open", path, errno);
  return SyncDescriptor(descriptor.number(), false, path);
}

}  // namespace distcache::port
