// A file mapped for reading, and the one safe way to touch it: a file that is truncated (or whose disk fails) while it is
// mapped raises SIGBUS on a plain load, which kills the process. GuardedCopy reports it as false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/status.h"

namespace distcache::port {

// Copies size_bytes from memory that may vanish (a mapping) into ordinary memory. False: some byte could not be read; the
// destination is then partly written. Installs no signal handler: the kernel does the copy and reports the fault. From any thread.
[[nodiscard]] bool GuardedCopy(void* destination, const void* source, size_t size_bytes);

class Mapping {
 public:
  // Maps the whole file as it is now. An empty file gives an empty mapping.
  static Result<Mapping> OpenForReading(const std::string& path);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  size_t size_bytes() const { return size_bytes_; }
  // For GuardedCopy only, never to be dereferenced.
  const char* address() const { return address_; }
  // As GuardedCopy, from an offset; false also when the range is not inside the mapping.
  [[nodiscard]] bool CopyOut(void* destination, uint64_t offset_bytes, size_t size_bytes) const;
  // Hints: the range is read soon / will not be read again.
  void WillNeed(uint64_t offset_bytes, size_t size_bytes) const;
  void DontNeed(uint64_t offset_bytes, size_t size_bytes) const;

 private:
  Mapping(const char* address, size_t size_bytes) : address_(address), size_bytes_(size_bytes) {}
  void Advise(uint64_t offset_bytes, size_t size_bytes, int advice) const;

  const char* address_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace distcache::port
