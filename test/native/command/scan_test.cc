// SCAN through the executor while the store changes between the calls.
#include <set>

#include "command/session.h"

namespace distcache::command {
namespace {

class ScanTest : public ExecutorTest {
 protected:
  static std::string KeyOf(int i) { return "stays:" + std::to_string(i); }

  // The cursor of a SCAN reply; its keys go into `found`.
  static std::string Read(const std::string& reply, std::set<std::string>* found) {
    std::istringstream lines(reply);
    std::vector<std::string> words;
    for (std::string line; std::getline(lines, line);) {
      line.pop_back();  // the carriage return
      if (line[0] != '$' && line[0] != '*') words.push_back(line);
    }
    found->insert(words.begin() + 1, words.end());
    return words[0];
  }

  // Walks everything; between two calls `change` gets the number of the call.
  template <typename Change>
  std::set<std::string> Walk(const std::string& options, const Change& change) {
    std::set<std::string> found;
    std::string cursor = "0";
    int calls = 0;
    do {
      cursor = Read(Run("SCAN " + cursor + options), &found);
      change(calls++);
    } while (cursor != "0" && calls < 100'000);
    EXPECT_EQ(cursor, "0");
    return found;
  }

  void ExpectAllThatStay(const std::set<std::string>& found, int count) {
    std::vector<std::string> missing;
    for (int i = 0; i < count; i++) {
      if (!found.contains(KeyOf(i))) missing.push_back(KeyOf(i));
    }
    EXPECT_EQ(missing, std::vector<std::string>());
  }
};

TEST_F(ScanTest, KeysThatStayAreReturnedWhileTheStoreGrows) {
  constexpr int kStaying = 500;
  for (int i = 0; i < kStaying; i++) Run("SET " + KeyOf(i) + " 1");
  const auto found = Walk(" COUNT 20", [&](int call) {
    // Growing faster than the walk, for ever, would leave it without an end.
    for (int i = 0; i < 100 && call < 100; i++) Run(other, "SET grows:" + std::to_string(call * 100 + i) + " 1");
  });
  ExpectAllThatStay(found, kStaying);
}

TEST_F(ScanTest, KeysThatStayAreReturnedWhileOthersAreDeleted) {
  constexpr int kStaying = 500, kGoing = 20'000;
  for (int i = 0; i < kStaying; i++) Run("SET " + KeyOf(i) + " 1");
  for (int i = 0; i < kGoing; i++) Run("SET goes:" + std::to_string(i) + " 1");
  int gone = 0;
  const auto found = Walk(" COUNT 50", [&](int) {
    for (int i = 0; i < 200 && gone < kGoing; i++) Run(other, "DEL goes:" + std::to_string(gone++));
  });
  ExpectAllThatStay(found, kStaying);
}

TEST_F(ScanTest, KeysThatStayAreReturnedWhileOthersAreEvicted) {
  constexpr int kStaying = 200;
  store::StoreOptions options;
  options.max_entries = 900;  // in this range eviction is exact: what was used last stays
  Open(options);
  for (int i = 0; i < kStaying; i++) Run("SET " + KeyOf(i) + " 1");
  const auto found = Walk(" COUNT 5", [&](int call) {
    for (int i = 0; i < kStaying; i++) Run(other, "GET " + KeyOf(i));
    for (int i = 0; i < 50; i++) Run(other, "SET comes:" + std::to_string(call * 50 + i) + " 1");
  });
  ExpectAllThatStay(found, kStaying);
}

TEST_F(ScanTest, APatternAndADatabaseNarrowTheWalk) {
  for (int i = 0; i < 1000; i++) Run("SET a:" + std::to_string(i) + " 1");
  Run("SELECT 1");
  for (int i = 0; i < 30; i++) Run("SET " + KeyOf(i) + " 1");
  Run("SET other 1");
  const auto found = Walk(" MATCH stays:* COUNT 3", [](int) {});
  EXPECT_EQ(found.size(), 30u);
  ExpectAllThatStay(found, 30);
}

}  // namespace
}  // namespace distcache::command
