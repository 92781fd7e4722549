#include "tests/adversarial/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "lib/base/strings.h"

namespace heddle::adversarial {
namespace {
// Prints how many cases of each group ran, and how many failed.
class Summary : public testing::EmptyTestEventListener {
 public:
  void count(std::string_view group) {
    current_ = group;
    ++groups_[current_].cases;
  }
  void OnTestEnd(const testing::TestInfo& info) override {
    if (!current_.empty() && info.result()->Failed()) ++groups_[current_].failed;
    current_.clear();
  }
  void OnTestProgramEnd(const testing::UnitTest&) override {
    int cases = 0;
    for (const auto& [name, group] : groups_) {
      std::printf("adversarial: %-28s %4d cases, %d failed\n", name.c_str(), group.cases, group.failed);
      cases += group.cases;
    }
    std::printf("adversarial: %-28s %4d cases\n", "all", cases);
  }

 private:
  struct Group {
    int cases = 0;
    int failed = 0;
  };
  std::map<std::string, Group> groups_;
  std::string current_;
};
Summary& summary() {
  static Summary* only = [] {
    auto made = std::make_unique<Summary>();
    Summary* raw = made.get();
    testing::UnitTest::GetInstance()->listeners().Append(made.release());  // which owns it
    return raw;
  }();
  return *only;
}
}  // namespace

void count_case(std::string_view group) { summary().count(group); }

Expected::Expected(const Case& one) : words_(words_of(one.expected)) {
  std::string& statuses = words_.front();
  size_t star = statuses.find('*');
  int times = star == statuses.npos ? 0 : parse_int<int>(std::string_view(statuses).substr(star + 1)).value_or(0);
  if (times == 0) return;
  std::string once = statuses.substr(0, star);
  statuses = once;
  for (int i = 1; i < times; ++i) statuses += "," + once;
}

bool Expected::has(std::string_view word) const {
  return std::find(words_.begin(), words_.end(), word) != words_.end();
}

std::vector<std::string> Expected::all(std::string_view key) const {
  std::vector<std::string> out;
  for (const std::string& word : words_) {
    bool is_it = word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=';
    if (is_it) out.push_back(word.substr(key.size() + 1));
  }
  return out;
}
std::string Expected::get(std::string_view key, std::string_view otherwise) const {
  std::vector<std::string> values = all(key);
  return values.empty() ? std::string(otherwise) : values.front();
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.id;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string unsaid(const Expected& expected, std::string_view text) {
  std::string out;
  for (const std::string& part : expected.all("says")) {
    if (text.find(part) == text.npos)
      out += str_cat(heddle::in_quotes(part), " is not in ", heddle::in_quotes(text), "; ");
  }
  return out;
}

bool is_one_of(std::string_view statuses, std::string_view alternatives) {
  std::vector<std::string_view> all = split(alternatives, '/');
  return std::find(all.begin(), all.end(), statuses) != all.end();
}
}  // namespace heddle::adversarial
