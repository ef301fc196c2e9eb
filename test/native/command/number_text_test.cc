#include "command/number_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace distcache::command {
namespace {

std::string Decimal(std::string_view text) {
  const auto value = ParseDecimal(text);
  if (!value) return "none";
  char to[kMaxDecimalChars];
  return {to, FormatDecimal(*value, to)};
}

TEST(NumberText, IntegersAreReadStrictly) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("-1"), -1);
  EXPECT_EQ(ParseInteger("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInteger("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const std::string_view text : {"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "0x1", "9223372036854775808",
                                      "-9223372036854775809", "123456789012345678901"}) {
    EXPECT_EQ(ParseInteger(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseInteger(std::string_view("1\0", 2)), std::nullopt);
}

TEST(NumberText, IntegersAreWrittenAsTheyAreRead) {
  for (const std::string_view text : {"0", "-9223372036854775808", "42"}) {
    char to[kMaxIntegerChars];
    EXPECT_EQ(std::string_view(to, FormatInteger(*ParseInteger(text), to)), text);
  }
}

TEST(NumberText, DecimalsAreWrittenInFixedNotationWithoutTrailingZeros) {
  EXPECT_EQ(Decimal("10.50"), "10.5");
  EXPECT_EQ(Decimal("5.0e3"), "5000");
  EXPECT_EQ(Decimal("-0"), "0");
  EXPECT_EQ(Decimal("0.1"), "0.1");
  EXPECT_EQ(Decimal("1e-18"), "0");
  EXPECT_EQ(Decimal("1e40"), "9999999999999999999783686092270256259072");
  EXPECT_EQ(Decimal("0x10"), "16");
  EXPECT_EQ(Decimal("1e4931").size(), 4932u);
  EXPECT_EQ(Decimal(std::string(10'000, '0') + "1"), "1");
}

TEST(NumberText, WhatIsNoDecimalIsRefused) {
  for (const std::string& text : {std::string(), std::string(" 1"), std::string("1 "), std::string("abc"),
                                  std::string("nan"), std::string("1e9999"), std::string("1\0", 2)}) {
    EXPECT_EQ(ParseDecimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace distcache::command
