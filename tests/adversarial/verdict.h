// What a case expects, in words (README.md): statuses, how it ends, and checks of what either side saw. Shared by all
// groups; a group says which words it knows by asking for them.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/adversarial/case_file.h"

namespace heddle::adversarial {
class Expected {
 public:
  explicit Expected(const Case& one);
  bool has(std::string_view word) const;
  // The values of `key=value`.
  std::vector<std::string> all(std::string_view key) const;
  std::string get(std::string_view key, std::string_view otherwise = "") const;
  // The first word: statuses as "200,200" or "200*2", alternatives as "400/501".
  const std::string& first() const { return words_.front(); }

 private:
  std::vector<std::string> words_;
};
// Whether a list of statuses is one of the alternatives.
bool is_one_of(std::string_view statuses, std::string_view alternatives);
// "H1_001" of H1-001.
std::string name_of(const testing::TestParamInfo<Case>&);
// The texts of `says=` that do not stand in `text`; "" when all do.
std::string unsaid(const Expected&, std::string_view text);
// Counts a case under its group, for the summary at the end of the run.
void count_case(std::string_view group);
}  // namespace heddle::adversarial
