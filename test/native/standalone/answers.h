// Minimal answers to the commands that a node's control plane gives, enough for redis-cli and redis-benchmark.
#pragma once

#include <string>

#include "net/bridge.h"

namespace distcache::standalone {

struct Answer {
  std::string reply;
  net::Changes changes;
};

Answer AnswerRequest(const net::Event& request);

}  // namespace distcache::standalone
