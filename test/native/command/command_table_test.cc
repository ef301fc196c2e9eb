#include "command/command_table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace distcache::command {
namespace {

TEST(CommandTable, EveryNameIsFoundInAnyCase) {
  for (uint16_t i = 0; i < CommandCount(); i++) {
    const CommandSpec& spec = CommandAt(i);
    std::string upper(spec.name);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(FindCommand(spec.name), &spec);
    EXPECT_EQ(FindCommand(upper), &spec);
    EXPECT_EQ(spec.index, i);
  }
}

TEST(CommandTable, NothingElseIsFound) {
  for (uint16_t i = 0; i < CommandCount(); i++) {
    const std::string name(CommandAt(i).name);
    EXPECT_EQ(FindCommand(name + " "), nullptr);
    EXPECT_EQ(FindCommand(name + std::string(1, '\0')), nullptr);
    EXPECT_EQ(FindCommand(name.substr(0, name.size() - 1) + '\x01'), nullptr);
    for (size_t place = 0; place < name.size(); place++) {
      std::string other = name;
      other[place] ^= 0x40;  // differs from the letter in a bit that is not its case
      EXPECT_EQ(FindCommand(other), nullptr) << other;
    }
  }
  EXPECT_EQ(FindCommand(""), nullptr);
  EXPECT_EQ(FindCommand(std::string(1000, 'g')), nullptr);
}

TEST(CommandTable, SubcommandsAreFoundInTheirContainer) {
  const CommandSpec* memory = FindCommand("memory");
  ASSERT_NE(memory, nullptr);
  const SubcommandSpec* usage = FindSubcommand(*memory, "UsAgE");
  ASSERT_NE(usage, nullptr);
  EXPECT_EQ(usage->full_name, "memory|usage");
  EXPECT_TRUE(usage->is_native);
  EXPECT_EQ(FindSubcommand(*memory, "encoding"), nullptr);
  EXPECT_EQ(FindSubcommand(*FindCommand("get"), "usage"), nullptr);
}

TEST(CommandTable, ArityCountsTheName) {
  EXPECT_TRUE(FitsArity(2, 2));
  EXPECT_FALSE(FitsArity(2, 3));
  EXPECT_TRUE(FitsArity(-2, 3));
  EXPECT_FALSE(FitsArity(-2, 1));
}

}  // namespace
}  // namespace distcache::command
