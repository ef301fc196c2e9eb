#include "port/os_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace distcache::port {

Status OsError(std::string_view what, std::string_view on_what, int os_error) {
  std::string message(what);
  if (!on_what.empty()) message.append(" ").append(on_what);
  message.append(": ").append(std::generic_category().message(os_error));
  StatusCode code = StatusCode::kIo;
  if (os_error == ENOENT) code = StatusCode::kNotFound;
  if (os_error == ENOMEM) code = StatusCode::kOutOfMemory;
  return {code, std::move(message), os_error};
}

}  // namespace distcache::port
