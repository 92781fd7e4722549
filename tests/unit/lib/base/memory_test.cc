#include "lib/base/memory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace heddle {
namespace {
// KiB of code that are mapped and present.
long resident_code() {
  std::ifstream smaps("/proc/self/smaps");
  long total = 0;
  bool is_code = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find(" r-xp ") != std::string::npos) is_code = true;
    if (is_code && line.starts_with("Rss:")) {
      total += std::stol(line.substr(4));
      is_code = false;
    }
  }
  return total;
}

TEST(StartupPages, AreGivenBack) {
  long before = resident_code();

  release_startup_pages();

  EXPECT_LT(resident_code(), before);  // asking needs some of them again
}

TEST(Memory, ReadsTheLimitOfAContainer) {
  EXPECT_EQ(parse_memory_max("268435456\n"), 268435456U);
  EXPECT_EQ(parse_memory_max("max\n"), std::nullopt);
  EXPECT_EQ(parse_memory_max(""), std::nullopt);
}

TEST(Memory, WhatIsUsedIsSeen) {
  constexpr size_t kSize = 64U << 20;
  size_t before = resident_memory();

  std::vector<char> used(kSize, 'x');

  EXPECT_GT(before, 0U);
  EXPECT_GE(resident_memory(), before + kSize / 2);
  EXPECT_EQ(used.back(), 'x');
}
}  // namespace
}  // namespace heddle
