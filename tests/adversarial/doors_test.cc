// The doors of the control plane (data/doors.cases): its configuration API, and what a caller without a certificate may
// ask, over TLS as their clients speak. A fresh control plane for each case; what is refused stores nothing.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/control_rig.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kItem = R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"x"},)"
                                   R"("spec":{"endpoints":[{"address":"127.0.0.1","port":8080}],"tls":"plaintext"}})";

std::vector<std::string> texts_named(std::string_view name) {
  if (name == "ITEM") return {std::string(kItem)};
  return {};
}

// `WHO METHOD TARGET [body]`.
struct Question {
  std::string who;
  std::string method;
  std::string target;
  std::vector<std::string> bodies;
};
Question question_of(std::string_view input) {
  Question out;
  for (std::string* word : {&out.who, &out.method, &out.target}) {
    size_t space = std::min(input.find(' '), input.size());
    *word = input.substr(0, space);
    input.remove_prefix(std::min(space + 1, input.size()));
  }
  out.bodies = documents_of(input, texts_named);
  return out;
}

class Doors : public testing::TestWithParam<Case> {
 protected:
  void play();
  RpcResponse ask(const Question& question, const std::string& target, const std::string& body) {
    if (question.who == "admin") return rig_.call(question.method, target, body);
    if (question.who == "nobody") return rig_.call_as("", question.method, target, body);
    if (question.who == "watch") return rig_.call_watch_port(nullptr, target, body);
    return rig_.call_as(documents_of(question.who).front(), question.method, target,
                        body);  // a token that somebody invented
  }
  std::string stored() { return rig_.call("GET", "/v1/resources/backendsets").body; }
  ControlRig rig_;
};

void Doors::play() {
  Expected expected(GetParam());
  Question question = question_of(GetParam().input);
  std::string before = stored();

  for (const std::string& target : documents_of(question.target)) {
    for (const std::string& body : question.bodies) {
      RpcResponse answer = ask(question, target, body);
      EXPECT_TRUE(is_one_of(std::to_string(answer.status), expected.first()))
          << target << " " << body.substr(0, 200) << ": " << answer.status << " " << answer.body.substr(0, 500);
      EXPECT_EQ(unsaid(expected, answer.body), "");
      for (const std::string& secret : expected.all("unsaid")) EXPECT_EQ(answer.body.find(secret), std::string::npos);
      EXPECT_LT(answer.body.size(), 20000U) << "the answer holds the input";
    }
  }
  EXPECT_EQ(rig_.call("GET", "/v1/version").status, 200) << "a good question after the case";
  if (expected.has("stored")) return;
  EXPECT_EQ(stored(), before);
}

TEST_P(Doors, AreShutToWhatDoesNotBelong) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (control plane)"));
  play();
}

INSTANTIATE_TEST_SUITE_P(Cases, Doors, testing::ValuesIn(load_cases("doors.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
