#include "port/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "port/descriptor.h"
#include "port/file.h"
#include "port/os_error.h"

namespace distcache::port {
namespace {

enum class Copied { kAll, kFault, kNotAllowed };

// process_vm_readv on ourselves: the kernel copies page by page and stops with a short count or EFAULT where a page is gone.
// Some sandboxes forbid the call (EPERM, ENOSYS).
Copied CopyThroughKernel(char* destination, const char* source, size_t size_bytes) {
  while (size_bytes > 0) {
    const iovec local{destination, size_bytes};
    const iovec remote{const_cast<char*>(source), size_bytes};
    const ssize_t copied = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return errno == EPERM || errno == ENOSYS ? Copied::kNotAllowed : Copied::kFault;
    if (copied == 0) return Copied::kFault;
    destination += copied;
    source += copied;
    size_bytes -= static_cast<size_t>(copied);
  }
  return Copied::kAll;
}

// The same through a pipe, for sandboxes without process_vm_readv: write(2) answers EFAULT for a page that is gone.
bool CopyThroughPipe(char* destination, const char* source, size_t size_bytes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  constexpr size_t kPipeBytes = 4096;  // a pipe always takes one page without blocking
  while (size_bytes > 0) {
    const ssize_t put = ::write(writer.number(), source, std::min(size_bytes, kPipeBytes));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    for (ssize_t taken = 0; taken < put;) {
      const ssize_t got = ::read(reader.number(), destination + taken, static_cast<size_t>(put - taken));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      taken += got;
    }
    destination += put;
    source += put;
    size_bytes -= static_cast<size_t>(put);
  }
  return true;
}

}  // namespace

bool GuardedCopy(void* destination, const void* source, size_t size_bytes) {
  const auto to = static_cast<char*>(destination);
  const auto from = static_cast<const char*>(source);
  const Copied copied = CopyThroughKernel(to, from, size_bytes);
  return copied == Copied::kNotAllowed ? CopyThroughPipe(to, from, size_bytes) : copied == Copied::kAll;
}

Result<Mapping> Mapping::OpenForReading(const std::string& path) {
  Result<File> file = File::OpenForReading(path);
  if (!file.ok()) return file.status();
  const Result<uint64_t> size_bytes = file.value().SizeBytes();
  if (!size_bytes.ok()) return size_bytes.status();
  if (size_bytes.value() == 0) return Mapping(nullptr, 0);
  void* address = ::mmap(nullptr, size_bytes.value(), PROT_READ, MAP_SHARED, file.value().descriptor(), 0);
  if (address == MAP_FAILED) return OsError("cannot map", path, errno);
  return Mapping(static_cast<const char*>(address), size_bytes.value());
}

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (address_ != nullptr) (void)::munmap(const_cast<char*>(address_), size_bytes_);
}

bool Mapping::CopyOut(void* destination, uint64_t offset_bytes, size_t size_bytes) const {
  if (offset_bytes > size_bytes_ || size_bytes > size_bytes_ - offset_bytes) return false;
  return GuardedCopy(destination, address_ + offset_bytes, size_bytes);
}

void Mapping::WillNeed(uint64_t offset_bytes, size_t size_bytes) const {
  Advise(offset_bytes, size_bytes, MADV_WILLNEED);
}
void Mapping::DontNeed(uint64_t offset_bytes, size_t size_bytes) const {
  Advise(offset_bytes, size_bytes, MADV_DONTNEED);
}

void Mapping::Advise(uint64_t offset_bytes, size_t size_bytes, int advice) const {
  if (offset_bytes >= size_bytes_) return;
  const uint64_t page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t begin = offset_bytes / page_bytes * page_bytes;
  const uint64_t end = std::min<uint64_t>(size_bytes_, offset_bytes + size_bytes);
  (void)::madvise(const_cast<char*>(address_) + begin, end - begin, advice);
}

}  // namespace distcache::port
