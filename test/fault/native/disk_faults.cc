// A library to be preloaded into a node under test: calls on files fail, take less, stall, or are where the process dies, as a
// shared control file says. Both halves of a node go through it: TypeScript writes the log, C++ the snapshots.
//
// The control file has 4096 bytes, mapped by both sides. From its front, text: one rule a line,
//
//   <generation> <call> <part of the path> <action> <after> <times>
//
// call: open, write, sync, rename, unlink, or any. action: an errno, short (half is taken), hold (until the rules change) or kill. The
// first `after` matching calls pass, then `times` are hit (0: all). A new generation counts anew. At offset 2048 stands how
// many calls were hit.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

constexpr size_t kControlBytes = 4096;
constexpr size_t kHitsOffset = 2048;
constexpr int kMaxRules = 8;

struct Rule {
  int generation = 0;
  char call[16] = "";
  char part[128] = "";
  char action[16] = "";
  int after = 0;
  int times = 0;
};

std::atomic<int> g_seen[kMaxRules];
std::atomic<int> g_generation{0};

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int OpenDirectly(const char* path, int flags) {
  static const auto open_next = Next<int (*)(const char*, int, ...)>("open");
  return open_next(path, flags, 0);
}

const volatile char* Control() {
  static const volatile char* const control = []() -> const volatile char* {
    const char* path = getenv("FAULT_FILE");
    if (path == nullptr) return nullptr;
    const int file = OpenDirectly(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* mapping = mmap(nullptr, kControlBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return mapping == MAP_FAILED ? nullptr : static_cast<const volatile char*>(mapping);
  }
  ();
  return control;
}

void CountHit() {
  auto* hits = reinterpret_cast<std::atomic<uint32_t>*>(const_cast<char*>(Control()) + kHitsOffset);
  hits->fetch_add(1);
}

bool Matches(const Rule& rule, const char* call, const char* path) {
  return (strcmp(rule.call, call) == 0 || strcmp(rule.call, "any") == 0) && strstr(path, rule.part) != nullptr;
}

bool IsCurrent(int generation) {
  const volatile char* control = Control();
  return control[0] != 0 && atoi(const_cast<const char*>(control)) == generation;
}

// What a call on this path must do: 0 go on, -1 take half, else the errno to fail with.
int Judge(const char* call, const char* path) {
  const volatile char* control = Control();
  if (control == nullptr || control[0] == 0) return 0;
  char text[kHitsOffset];
  memcpy(text, const_cast<const char*>(control), sizeof(text));
  text[sizeof(text) - 1] = 0;
  int index = 0;
  char* rest = nullptr;
  for (char* line = strtok_r(text, "\n", &rest); line != nullptr && index < kMaxRules;
       line = strtok_r(nullptr, "\n", &rest), ++index) {
    Rule rule;
    if (sscanf(line, "%d %15s %127s %15s %d %d", &rule.generation, rule.call, rule.part, rule.action, &rule.after,
               &rule.times) != 6) {
      continue;
    }
    if (g_generation.exchange(rule.generation) != rule.generation) {
      for (auto& seen : g_seen) seen = 0;
    }
    if (!Matches(rule, call, path)) continue;
    const int place = g_seen[index].fetch_add(1);
    if (place < rule.after || (rule.times > 0 && place >= rule.after + rule.times)) continue;
    CountHit();
    if (strcmp(rule.action, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(rule.action, "short") == 0) return -1;
    if (strcmp(rule.action, "hold") == 0) {
      const timespec pause = {0, 2'000'000};
      while (IsCurrent(rule.generation)) nanosleep(&pause, nullptr);
      return 0;
    }
    return atoi(rule.action);
  }
  return 0;
}

int JudgeDescriptor(const char* call, int descriptor) {
  const volatile char* control = Control();
  if (control == nullptr || control[0] == 0) return 0;
  char link[64];
  char path[1024];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size <= 0 || path[0] != '/') return 0;
  path[size] = 0;
  return Judge(call, path);
}

int Failed(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto next = Next<int (*)(const char*, int, ...)>("open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const int verdict = (flags & O_CREAT) != 0 ? Judge("open", path) : 0;
  return verdict > 0 ? Failed(verdict) : next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  static const auto next = Next<int (*)(const char*, int, ...)>("open64");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const int verdict = (flags & O_CREAT) != 0 ? Judge("open", path) : 0;
  return verdict > 0 ? Failed(verdict) : next(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  const int verdict = JudgeDescriptor("write", descriptor);
  if (verdict > 0) return Failed(verdict);
  return next(descriptor, bytes, verdict < 0 && size > 1 ? size / 2 : size);
}

ssize_t writev(int descriptor, const iovec* pieces, int count) {
  static const auto next = Next<ssize_t (*)(int, const iovec*, int)>("writev");
  const int verdict = JudgeDescriptor("write", descriptor);
  if (verdict > 0) return Failed(verdict);
  if (verdict < 0 && count > 0 && pieces[0].iov_len > 1)
    return write(descriptor, pieces[0].iov_base, pieces[0].iov_len / 2);
  return next(descriptor, pieces, count);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  const int verdict = JudgeDescriptor("write", descriptor);
  if (verdict > 0) return Failed(verdict);
  return next(descriptor, bytes, verdict < 0 && size > 1 ? size / 2 : size, offset);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return pwrite64(descriptor, bytes, size, offset);
}

int fsync(int descriptor) {
  static const auto next = Next<int (*)(int)>("fsync");
  const int verdict = JudgeDescriptor("sync", descriptor);
  return verdict > 0 ? Failed(verdict) : next(descriptor);
}

int fdatasync(int descriptor) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  const int verdict = JudgeDescriptor("sync", descriptor);
  return verdict > 0 ? Failed(verdict) : next(descriptor);
}

int rename(const char* from, const char* to) {
  static const auto next = Next<int (*)(const char*, const char*)>("rename");
  const int verdict = Judge("rename", to);
  return verdict > 0 ? Failed(verdict) : next(from, to);
}

int unlink(const char* path) {
  static const auto next = Next<int (*)(const char*)>("unlink");
  const int verdict = Judge("unlink", path);
  return verdict > 0 ? Failed(verdict) : next(path);
}

}  // extern "C"
