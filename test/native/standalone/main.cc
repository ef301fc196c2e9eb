// The data plane as a program of its own, without Node: for sanitizers, profilers and comparisons of the native code alone.
//
//   distcache_standalone [--port N] [--threads N] [--max-entries N] [--unix PATH]
//
// Prints "READY PORT" and serves 127.0.0.1 until its standard input ends or it is told to stop (SIGINT, SIGTERM).
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "answers.h"
#include "net/server.h"
#include "port/random.h"
#include "store/store.h"

namespace {

using namespace distcache;

struct Settings {
  uint16_t port = 0;
  uint32_t threads = 1;
  uint64_t max_entries = 0;
  std::string unix_path;
};

int wake_pipe[2];
volatile sig_atomic_t stop_requested = 0;

void Wake() { (void)!write(wake_pipe[1], "w", 1); }

void OnSignal(int) {
  stop_requested = 1;
  Wake();
}

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "distcache_standalone: %s\n", message.c_str());
  std::exit(1);
}

Settings ReadSettings(int count, char** words) {
  Settings settings;
  for (int i = 1; i < count; i += 2) {
    const std::string name = words[i];
    if (i + 1 == count) Die(name + " needs a value");
    const char* value = words[i + 1];
    if (name == "--port") {
      settings.port = static_cast<uint16_t>(std::strtoul(value, nullptr, 10));
    } else if (name == "--threads") {
      settings.threads = static_cast<uint32_t>(std::strtoul(value, nullptr, 10));
    } else if (name == "--max-entries") {
      settings.max_entries = std::strtoull(value, nullptr, 10);
    } else if (name == "--unix") {
      settings.unix_path = value;
    } else {
      Die("unknown option " + name);
    }
  }
  return settings;
}

void AnswerAll(net::Server& server) {
  std::vector<net::Event> events;
  server.Drain(&events, 4096);
  for (const net::Event& event : events) {
    if (event.kind != net::EventKind::kRequest) continue;
    standalone::Answer answer = standalone::AnswerRequest(event);
    server.Answer(event.connection, std::move(answer.reply), answer.changes);
  }
}

// True: serve on. The standard input is only watched for its end.
bool WaitForWork() {
  pollfd waits[] = {{wake_pipe[0], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  if (poll(waits, 2, -1) < 0) return stop_requested == 0;
  char bytes[512];
  if ((waits[1].revents & (POLLIN | POLLHUP)) != 0 && read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0) return false;
  if ((waits[0].revents & POLLIN) != 0) (void)!read(wake_pipe[0], bytes, sizeof(bytes));
  return stop_requested == 0;
}

}  // namespace

int main(int count, char** words) {
  const Settings settings = ReadSettings(count, words);
  if (pipe(wake_pipe) != 0) Die("no pipe");
  signal(SIGTERM, OnSignal);
  signal(SIGINT, OnSignal);
  store::StoreOptions store_options;
  store_options.max_entries = settings.max_entries;
  port::FillRandom(store_options.seed.data(), store_options.seed.size());
  auto store = store::Store::Create(store_options);
  if (!store.ok()) Die(std::string(store.status().message()));
  net::ServerOptions options;
  options.io_threads = settings.threads;
  auto server = net::Server::Create(*store.value(), options, Wake);
  if (!server.ok()) Die(std::string(server.status().message()));
  const auto listening = server.value()->ListenTcp("127.0.0.1", settings.port);
  if (!listening.ok()) Die(std::string(listening.status().message()));
  if (!settings.unix_path.empty()) {
    const auto unix_listening = server.value()->ListenUnix(settings.unix_path);
    if (!unix_listening.ok()) Die(std::string(unix_listening.status().message()));
  }
  const Status started = server.value()->Start();
  if (!started.ok()) Die(std::string(started.message()));
  std::printf("READY %u\n", listening.value().port);
  std::fflush(stdout);
  while (WaitForWork()) AnswerAll(*server.value());
  server.value()->Stop();
  return 0;
}
