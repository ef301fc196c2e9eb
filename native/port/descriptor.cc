#include "port/descriptor.h"

#include <unistd.h>

#include <cerrno>

#include "port/os_error.h"

namespace distcache::port {

Descriptor::~Descriptor() {
  if (is_open()) (void)::close(number_);
}

Status Descriptor::Close() {
  if (!is_open()) return Status::Ok();
  // After EINTR Linux has released the number already; closing again could hit another thread's new descriptor.
  if (::close(Release()) == 0 || errno == EINTR) return Status::Ok();
  return OsError("cannot close", "", errno);
}

}  // namespace distcache::port
