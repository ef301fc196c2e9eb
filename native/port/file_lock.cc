#include "port/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "port/os_error.h"

namespace distcache::port {

Result<FileLock> FileLock::Acquire(const std::string& path) {
  int number;
  do {
    number = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return OsError("cannot open", path, errno);
  Descriptor descriptor(number);
  int result;
  do {
    result = ::flock(number, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return FileLock(std::move(descriptor));
  if (errno == EWOULDBLOCK) return Status(StatusCode::kNoRoom, path + " is locked by another process", errno);
  return OsError("cannot lock", path, errno);
}

}  // namespace distcache::port
