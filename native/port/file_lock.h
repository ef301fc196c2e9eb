// An exclusive lock on a file, held by an open descriptor: it ends with the process however that ends, and excludes other
// processes of this machine (in whichever container) as well as a second holder in this one.
#pragma once

#include <string>

#include "core/status.h"
#include "port/descriptor.h"

namespace distcache::port {

class FileLock {
 public:
  // Makes the file when it is not there; it stays. kNoRoom: somebody else holds the lock.
  static Result<FileLock> Acquire(const std::string& path);

  // Gives the lock up. Idempotent; also done by the destructor.
  void Release() { descriptor_ = Descriptor(); }

 private:
  explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

}  // namespace distcache::port
