// Lines of the watch (data/watch.cases): what a lying control plane tells a sidecar, and a lying sidecar a control
// plane. Every line is whole and good, or refused with the field that is wrong.
#include <gtest/gtest.h>

#include "lib/api/watch_messages.h"
#include "lib/base/strings.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kResource =
    R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"x","namespace":"default"},"spec":{}})";

std::vector<std::string> texts_named(std::string_view name) {
  if (name == "HASH") return {std::string(64, 'a')};
  if (name == "RESOURCE") return {std::string(kResource)};
  if (name == "PUT") return {str_cat(R"({"put":"BackendSet/default/x","resource":)", kResource, "}")};
  return {};
}

// What the reader says; "" when it takes the line.
std::string read(std::string_view side, const std::string& line) {
  if (side == "control") {
    auto message = decode_control_message(line);
    return message ? "" : message.error().detail;
  }
  auto message = decode_sidecar_message(line);
  return message ? "" : message.error().detail;
}

class WatchLines : public testing::TestWithParam<Case> {};

TEST_P(WatchLines, AreTakenWholeOrRefused) {
  Expected expected(GetParam());
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (watch)"));
  std::string_view input = GetParam().input;
  bool cut = input.starts_with("cut ");
  if (cut) input.remove_prefix(4);
  size_t space = input.find(' ');

  for (const std::string& line : documents_of(input.substr(space + 1), texts_named)) {
    for (size_t size = cut ? 0 : line.size(); size < line.size() + (cut ? 0 : 1); ++size) {
      std::string given = line.substr(0, size);
      std::string says = bounded(size, [&] { return read(input.substr(0, space), given); });
      EXPECT_EQ(says.empty() ? "taken" : "refused", expected.first()) << line.substr(0, size).substr(0, 300) << says;
      EXPECT_EQ(unsaid(expected, says), "");
      EXPECT_LT(says.size(), 20000U) << "the message holds the input";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, WatchLines, testing::ValuesIn(load_cases("watch.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
