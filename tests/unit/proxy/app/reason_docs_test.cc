// docs/reasons.md against the table of lib/base/error.cc: every reason, in its order, with what callers see of it and
// with advice. What is missing is printed as it has to stand there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
constexpr size_t kLeastAdvice = 80;  // bytes: less is a name said twice

struct Entry {
  std::string name;
  std::string facts;
  std::string advice;
};

std::string text_of(const char* file) {
  std::ostringstream text;
  text << std::ifstream(source_directory() / file).rdbuf();
  return text.str();
}

std::vector<Entry> documented() {
  std::vector<Entry> out;
  std::istringstream lines(text_of("docs/reasons.md"));
  for (std::string line; std::getline(lines, line);) {
    bool begins = line.starts_with("### `") && line.ends_with('`');
    if (begins) out.push_back({line.substr(5, line.size() - 6), {}, {}});
    if (begins || out.empty() || line.empty() || line.starts_with('#')) continue;
    Entry& entry = out.back();
    (entry.facts.empty() ? entry.facts : entry.advice).append(line);
  }
  return out;
}

std::string facts_of(const ReasonInfo& row) {
  constexpr std::string_view kRetries[] = {"no", "other endpoint", "replay"};
  return str_cat("HTTP ", std::to_string(row.status), ", gRPC ", std::to_string(row.grpc_status), ", flag ", row.flag,
                 ", retry: ", kRetries[static_cast<size_t>(row.retry)]);
}

// Without kNone, which is no reason to answer anything.
std::vector<const ReasonInfo*> reasons() {
  std::vector<const ReasonInfo*> out;
  for (uint16_t i = 1; i < static_cast<uint16_t>(Reason::kCount); ++i) out.push_back(&info(static_cast<Reason>(i)));
  return out;
}

TEST(ReasonDocs, SayWhatCallersSeeOfEveryReason) {
  std::map<std::string, Entry, std::less<>> page;
  for (Entry& entry : documented()) page.emplace(entry.name, std::move(entry));
  std::string_view before = "the heading of the first section";

  for (const ReasonInfo* row : reasons()) {
    auto found = page.find(row->name);
    std::string wanted =
        str_cat("### `", row->name, "`\n\n", facts_of(*row), "\n\n<its cause, and what to do: ", row->hint, ">\n");
    if (found == page.end()) {
      ADD_FAILURE() << "docs/reasons.md lacks a reason of lib/base/error.cc. Add behind " << before << ":\n\n"
                    << wanted;
    } else {
      EXPECT_EQ(found->second.facts, facts_of(*row)) << "docs/reasons.md, below `" << row->name << "`";
      EXPECT_GE(found->second.advice.size(), kLeastAdvice) << "docs/reasons.md says too little of " << row->name;
    }
    before = row->name;
  }
}

TEST(ReasonDocs, NameNothingElseAndKeepTheOrder) {
  std::vector<std::string_view> expected;
  for (const ReasonInfo* row : reasons()) expected.push_back(row->name);
  std::vector<std::string> names;
  for (const Entry& entry : documented()) {
    if (std::find(expected.begin(), expected.end(), entry.name) == expected.end()) {
      ADD_FAILURE() << "docs/reasons.md: `" << entry.name
                    << "` is no reason of lib/base/error.cc, or stands there no more";
    }
    names.push_back(entry.name);
  }
  std::erase_if(expected,
                [&](std::string_view name) { return std::find(names.begin(), names.end(), name) == names.end(); });

  EXPECT_THAT(names, testing::ElementsAreArray(expected)) << "the order of docs/reasons.md is that of the enum";
}

TEST(ReasonDocs, AreWhereTheOthersSay) {
  for (const char* file : {"docs/operations.md", "docs/life-of-a-request.md", "docs/glossary.md"}) {
    EXPECT_THAT(text_of(file), testing::HasSubstr("(reasons.md)")) << file;
  }
  EXPECT_THAT(text_of("README.md"), testing::HasSubstr("(docs/reasons.md)"));
  EXPECT_THAT(text_of("docs/operations.md"), testing::HasSubstr("\n## Reasons\n")) << "others link to it";
}
}  // namespace
}  // namespace heddle
