// The rows of the command table and the way from a client's spelling to a row.
//
// A name of at most 16 letters is two words of 8 bytes that overlap where it is shorter than 16. Setting the bit 0x20 of
// every byte lowers letters and makes a lower-case letter of nothing else, so two words tell names apart exactly.
#include "command/command_table.h"

#include <array>
#include <cstring>

namespace distcache::command {
namespace {

constexpr SubcommandSpec kSubcommands[] = {
#define COMMAND(...)
#define SUBCOMMAND(index, name, full_name, handler, arity, flags, is_native) \
  {name, full_name, index, arity, flags, is_native},
#include "command/command_table.generated.inc"
#undef COMMAND
#undef SUBCOMMAND
};

constexpr CommandSpec kCommands[] = {
#define COMMAND(index, name, handler, arity, flags, is_native, first, last, step, subcommand, subcommands) \
  {name, index, arity, flags, first, last, step, is_native, std::span(kSubcommands + (subcommand), subcommands)},
#define SUBCOMMAND(...)
#include "command/command_table.generated.inc"
#undef COMMAND
#undef SUBCOMMAND
};

constexpr size_t kMaxNameBytes = 16;
constexpr uint64_t kLowerCase = 0x2020202020202020;

struct NameWords {
  uint64_t first = 0, second = 0;
  constexpr bool operator==(const NameWords&) const = default;
};

// The same at compile time and run time: bytes [0, 8) and the last 8, or what there is of fewer.
constexpr NameWords WordsByByte(std::string_view name) {
  const auto load = [name](size_t from, size_t to) {
    uint64_t word = 0;
    for (size_t i = from; i < to; i++) word |= uint64_t{static_cast<uint8_t>(name[i])} << (8 * (i - from));
    return word | kLowerCase;
  };
  if (name.size() < 8) return {load(0, name.size()), name.size()};
  return {load(0, 8), load(name.size() - 8, name.size()) ^ name.size()};
}

inline NameWords WordsOf(std::string_view name) {
  const char* bytes = name.data();
  const size_t size = name.size();
  uint64_t first = 0, second = size;
  if (size >= 8) {
    std::memcpy(&first, bytes, 8);
    std::memcpy(&second, bytes + size - 8, 8);
    second = (second | kLowerCase) ^ size;
  } else if (size == 3) {  // GET and SET
    uint16_t low;
    std::memcpy(&low, bytes, 2);
    first = low | (uint64_t{static_cast<uint8_t>(bytes[2])} << 16);
  } else if (size >= 4) {  // two halves that overlap and agree where they do
    uint32_t low, high;
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + size - 4, 4);
    first = low | (uint64_t{high} << (8 * (size - 4)));
  } else {
    for (size_t i = 0; i < size; i++) first |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  return {first | kLowerCase, second};
}

constexpr size_t kSlots = 512;  // a power of two, several times the rows: few probes go beyond the first
constexpr uint8_t kNone = 0xff;

constexpr size_t SlotOf(const NameWords& words) {
  return ((words.first ^ (words.second * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd) >> 55;
}

struct Index {
  std::array<uint8_t, kSlots> rows{};
  std::array<NameWords, std::size(kCommands)> words{};
};

constexpr Index BuildIndex() {
  Index index;
  index.rows.fill(kNone);
  for (size_t row = 0; row < std::size(kCommands); row++) {
    index.words[row] = WordsByByte(kCommands[row].name);
    size_t slot = SlotOf(index.words[row]);
    while (index.rows[slot] != kNone) slot = (slot + 1) % kSlots;
    index.rows[slot] = static_cast<uint8_t>(row);
  }
  return index;
}

constexpr Index kIndex = BuildIndex();

constexpr bool AllNamesFit() {
  for (const CommandSpec& spec : kCommands) {
    if (spec.name.size() > kMaxNameBytes || spec.index != &spec - kCommands) return false;
  }
  return std::size(kCommands) < kNone && kSlots == size_t{1} << (64 - 55);
}
static_assert(AllNamesFit());

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

const CommandSpec* FindCommand(std::string_view name) {
  if (name.size() > kMaxNameBytes) return nullptr;
  const NameWords words = WordsOf(name);
  for (size_t slot = SlotOf(words); kIndex.rows[slot] != kNone; slot = (slot + 1) % kSlots) {
    const uint8_t row = kIndex.rows[slot];
    if (kIndex.words[row] == words && kCommands[row].name.size() == name.size()) return &kCommands[row];
  }
  return nullptr;
}

const SubcommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name) {
  for (const SubcommandSpec& spec : container.subcommands) {
    if (spec.name.size() != name.size()) continue;
    size_t i = 0;
    while (i < name.size() && Lower(name[i]) == spec.name[i]) i++;
    if (i == name.size()) return &spec;
  }
  return nullptr;
}

uint16_t CommandCount() { return std::size(kCommands); }
const CommandSpec& CommandAt(uint16_t index) { return kCommands[index]; }

}  // namespace distcache::command
