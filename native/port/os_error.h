// Turns an errno into a Status that says what was tried, on what, and why the operating system refused.
#pragma once

#include <string_view>

#include "core/status.h"

namespace distcache::port {

// "cannot open data/x.wal: No such file or directory"; the code is kNotFound for ENOENT, kOutOfMemory for ENOMEM, else kIo.
Status OsError(std::string_view what, std::string_view on_what, int os_error);

}  // namespace distcache::port
