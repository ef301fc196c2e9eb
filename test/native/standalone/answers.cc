#include "answers.h"

#include <algorithm>
#include <cctype>

namespace distcache::standalone {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string Bulk(const std::string& bytes) { return "$" + std::to_string(bytes.size()) + "\r\n" + bytes + "\r\n"; }

std::string MapHeader(resp::Protocol protocol, size_t pairs) {
  return protocol == resp::Protocol::kResp3 ? "%" + std::to_string(pairs) + "\r\n"
                                            : "*" + std::to_string(pairs * 2) + "\r\n";
}

Answer Hello(const net::Event& request) {
  Answer answer;
  resp::Protocol protocol = request.protocol;
  if (request.arguments.size() > 1) {
    if (request.arguments[1] != "2" && request.arguments[1] != "3")
      return {"-NOPROTO unsupported protocol version\r\n", {}};
    answer.changes.protocol = request.arguments[1] == "3" ? 3 : 2;
    protocol = answer.changes.protocol == 3 ? resp::Protocol::kResp3 : resp::Protocol::kResp2;
  }
  answer.reply = MapHeader(protocol, 3) + Bulk("server") + Bulk("redis") + Bulk("version") + Bulk("7.0.15") +
                 Bulk("proto") + (protocol == resp::Protocol::kResp3 ? ":3\r\n" : ":2\r\n");
  return answer;
}

Answer Client(const net::Event& request) {
  const std::string sub = request.arguments.size() > 1 ? Lower(request.arguments[1]) : "";
  if (sub == "id") return {":" + std::to_string(request.connection) + "\r\n", {}};
  if (sub == "reply" && request.arguments.size() > 2) {
    Answer answer;
    const std::string mode = Lower(request.arguments[2]);
    answer.changes.reply_mode = mode == "on" ? 0 : mode == "off" ? 1 : 2;
    if (mode == "on") answer.reply = "+OK\r\n";
    return answer;
  }
  return {"+OK\r\n", {}};
}

}  // namespace

Answer AnswerRequest(const net::Event& request) {
  const std::string name = Lower(request.arguments.front());
  if (name == "hello") return Hello(request);
  if (name == "client") return Client(request);
  if (name == "config") return {MapHeader(request.protocol, 0), {}};
  if (name == "command") return {"*0\r\n", {}};
  if (name == "info") return {Bulk("# Server\r\nredis_version:7.0.15\r\n"), {}};
  if (name == "reset") {
    Answer answer{"+RESET\r\n", {}};
    answer.changes.resets = true;
    return answer;
  }
  return {"-ERR this server has no control plane\r\n", {}};
}

}  // namespace distcache::standalone
