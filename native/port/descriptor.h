// Owns one file descriptor of any kind. Every descriptor of this project is close-on-exec.
#pragma once

#include <utility>

#include "core/status.h"

namespace distcache::port {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int adopted) : number_(adopted) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int Release() { return std::exchange(number_, -1); }

  // Closes and says whether the system reported a delayed write error. The number is given up either way, never retried.
  Status Close();

 private:
  int number_ = -1;
};

}  // namespace distcache::port
