// How a call says that it failed: no exceptions, one small value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace distcache {

// Sorted by how a caller reacts; TypeScript maps each to an error code.
enum class StatusCode : uint8_t {
  kOk,
  kInvalidArgument,  // the caller's mistake; nothing was changed
  kOutOfMemory,      // an allocation or a configured bound refused it
  kNoRoom,           // a bounded buffer is full: hold nothing, retry when woken
  kNotFound,         // a file, connection or handle that is not there
  kCorrupt,          // bytes that are not what their format says
  kIo,               // the operating system refused; os_error() has errno
  kClosed,           // the object was stopped or closed
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message, int os_error = 0)
      : code_(code), os_error_(os_error), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  int os_error() const { return os_error_; }
  std::string_view message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  int os_error_ = 0;
  std::string message_;
};

// A value or the Status that says why there is none. value() of a failure is a bug of the caller.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Status status) : content_(std::move(status)) {}

  bool ok() const { return content_.index() == 0; }
  T& value() { return *std::get_if<0>(&content_); }
  const T& value() const { return *std::get_if<0>(&content_); }
  Status status() const { return ok() ? Status::Ok() : *std::get_if<1>(&content_); }

 private:
  std::variant<T, Status> content_;
};

}  // namespace distcache
