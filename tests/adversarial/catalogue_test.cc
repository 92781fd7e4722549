// Nothing of the catalogue is forgotten: each of its ids is a case, or stands in not_applicable.txt with a reason and
// the tests that show it, which exist; no id is used twice, and no reason is given for what does run.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "lib/base/strings.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/source_directory.h"

namespace heddle::adversarial {
namespace {
constexpr const char* kFiles[] = {"h1_requests.cases",  "h1_own.cases",    "h1_responses.cases", "h2_server.cases",
                                  "h2_client.cases",    "confusion.cases", "ids.cases",          "bundles.cases",
                                  "certificates.cases", "requests.cases",  "handshakes.cases",   "config.cases",
                                  "doors.cases",        "watch.cases",     "answers.cases",      "proxy_headers.cases"};

std::multiset<std::string> case_ids() {
  std::multiset<std::string> out;
  for (const char* file : kFiles) {
    for (const Case& one : load_cases(file)) out.insert(one.id);
  }
  return out;
}
std::set<std::string> first_column(std::string_view file) {
  std::set<std::string> out;
  for (const auto& row : load_table(file)) out.insert(row.front());
  return out;
}

// The names in `text` that stand between `before` and `after`, as the start of a definition has them.
void collect(std::string_view text, std::string_view before, char after, const std::string& prefix,
             std::set<std::string>& out) {
  for (size_t at = text.find(before); at != text.npos; at = text.find(before, at + 1)) {
    size_t begin = at + before.size();
    size_t end = text.find(after, begin);
    if (end != text.npos && end - begin < 200) out.insert(prefix + std::string(text.substr(begin, end - begin)));
  }
}

// "Suite.Name" of every GoogleTest, "file.py::function" of every test in Python.
std::set<std::string> every_test() {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "tests")) {
    std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !(name.ends_with(".cc") || name.ends_with(".py"))) continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    if (name.ends_with(".py")) {
      collect(text.str(), "def test_", '(', name + "::test_", out);
      continue;
    }
    std::set<std::string> found;
    for (const char* macro : {"\nTEST(", "\nTEST_F(", "\nTEST_P("}) collect(text.str(), macro, ')', "", found);
    for (const std::string& test : found) {
      size_t comma = test.find(", ");
      if (comma != test.npos) out.insert(str_cat(test.substr(0, comma), ".", test.substr(comma + 2)));
    }
  }
  return out;
}

TEST(AdversarialCatalogue, EveryIdIsACaseOrHasAReason) {
  std::multiset<std::string> cases = case_ids();
  std::set<std::string> reasons = first_column("not_applicable.txt");

  for (const std::string& id : first_column("catalogue_ids.txt")) {
    EXPECT_TRUE(cases.contains(id) || reasons.contains(id)) << id << " is nowhere";
  }
}

TEST(AdversarialCatalogue, EveryReasonIsGivenOnceForAnIdThatDoesNotRun) {
  std::multiset<std::string> cases = case_ids();
  std::set<std::string> known = first_column("catalogue_ids.txt");

  for (const auto& row : load_table("not_applicable.txt")) {
    ASSERT_EQ(row.size(), 3U) << row.front();
    EXPECT_GT(row[1].size(), 10U) << row.front() << " has no reason";
    EXPECT_TRUE(known.contains(row[0])) << row[0] << " is not of the catalogue";
    EXPECT_FALSE(cases.contains(row[0])) << row[0] << " runs";
  }
}

TEST(AdversarialCatalogue, EveryTestThatIsNamedExists) {
  std::set<std::string> tests = every_test();
  int shown_by_nobody = 0;

  ASSERT_TRUE(tests.contains("AdversarialCatalogue.EveryTestThatIsNamedExists"));
  for (const auto& row : load_table("not_applicable.txt")) {
    ASSERT_EQ(row.size(), 3U) << row.front();
    if (row[2] == "-") {
      ++shown_by_nobody;
      continue;
    }
    for (const std::string& test : words_of(row[2])) EXPECT_TRUE(tests.contains(test)) << row[0] << " names " << test;
  }
  std::printf("adversarial: %d rows of the catalogue are shown by no test (not_applicable.txt, \"-\")\n",
              shown_by_nobody);
}

TEST(AdversarialCatalogue, EveryCaseHasAnIdOfItsOwnAndASource) {
  std::multiset<std::string> cases = case_ids();

  for (const std::string& id : cases) EXPECT_EQ(cases.count(id), 1U) << id;
  for (const char* file : kFiles) {
    for (const Case& one : load_cases(file)) EXPECT_FALSE(one.source.empty()) << one.id;
  }
}
}  // namespace
}  // namespace heddle::adversarial
