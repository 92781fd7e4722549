#include "cli/pre_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
JsonValue json(std::string_view text) { return JsonValue::parse(text).value_or(JsonValue()); }

// A cluster that has everything, by question.
ClusterAnswer answer_of(const ApiRequest& question) {
  if (question.path == "/version") return {200, json(R"({"major":"1","minor":"33+","gitVersion":"v1.33.1"})")};
  if (question.method == "POST") return {201, json(R"({"status":{"allowed":true}})")};
  if (question.path.ends_with("heddle.dev")) return {404, {}, "not found"};
  if (question.path.ends_with("nodes")) {
    return {200, json(R"({"items":[{"status":{"nodeInfo":{"kubeletVersion":"v1.33.1"}}}]})")};
  }
  if (question.path.ends_with("storageclasses")) {
    return {200,
            json(R"({"items":[{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}]})")};
  }
  if (question.path.ends_with("heddle-system")) return {404, {}, "not found"};
  return {200, JsonValue::object()};
}

// With another answer to the questions whose path or body has this text.
std::vector<Finding> findings(std::string_view about = "", const ClusterAnswer& other = {}) {
  std::vector<ClusterAnswer> answers;
  for (const ApiRequest& question : pre_questions({})) {
    bool is_it = !about.empty() && str_cat(question.path, question.body).find(about) != std::string::npos;
    answers.push_back(is_it ? other : answer_of(question));
  }
  return pre_findings({}, answers);
}

Finding worst(const std::vector<Finding>& all, std::string_view check) {
  Finding out;
  for (const Finding& one : all) {
    if (one.check == check && (out.text.empty() || one.verdict > out.verdict)) out = one;
  }
  return out;
}

TEST(PreCheck, AClusterThatHasEverythingIsWell) {
  for (const Finding& one : findings()) EXPECT_EQ(one.verdict, Verdict::kOk) << one.check << ": " << one.text;
  EXPECT_EQ(findings().size(), 8U);
}

TEST(PreCheck, WithoutAnAnswerNothingElseIsSaid) {
  std::vector<Finding> found = findings("/version", {0, {}, "nobody listens"});

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].verdict, Verdict::kFail);
  EXPECT_NE(found[0].text.find("nobody listens"), std::string::npos);
}

TEST(PreCheck, OldVersionsAreRefusedOrSaid) {
  auto version = [](std::string_view minor) {
    return ClusterAnswer{200, json(str_cat(R"({"major":"1","minor":")", minor, R"("})"))};
  };

  EXPECT_EQ(worst(findings("/version", version("19")), "api server").verdict, Verdict::kFail);
  EXPECT_EQ(worst(findings("/version", version("20")), "api server").verdict, Verdict::kWarn);
  EXPECT_EQ(worst(findings("/version", version("21")), "api server").verdict, Verdict::kOk);
  EXPECT_EQ(worst(findings("/version", version("28")), "sidecars").verdict, Verdict::kWarn);
}

TEST(PreCheck, TheOldestNodeDecidesAboutSidecars) {
  ClusterAnswer nodes{200, json(R"({"items":[{"status":{"nodeInfo":{"kubeletVersion":"v1.33.1"}}},
                                           {"status":{"nodeInfo":{"kubeletVersion":"v1.27.9"}}}]})")};

  EXPECT_EQ(worst(findings("/nodes", nodes), "sidecars").verdict, Verdict::kWarn);
}

TEST(PreCheck, RightsThatAreMissingAreNamed) {
  Finding found = worst(findings("statefulsets", {201, json(R"({"status":{"allowed":false}})")}), "rights");

  EXPECT_EQ(found.verdict, Verdict::kFail);
  EXPECT_EQ(found.text, "you may not create statefulsets in heddle-system");
  EXPECT_EQ(worst(findings("statefulsets", {500, {}, "no"}), "rights").verdict, Verdict::kWarn);
}

TEST(PreCheck, DefinitionsOfSomebodyElseAreNotOverwritten) {
  ClusterAnswer ours{200, json(R"({"metadata":{"labels":{"app.kubernetes.io/part-of":"heddle"}}})")};

  EXPECT_EQ(worst(findings("workloads.heddle.dev", ours), "definitions").verdict, Verdict::kOk);
  EXPECT_EQ(worst(findings("workloads.heddle.dev", {200, JsonValue::object()}), "definitions").verdict, Verdict::kFail);
}

TEST(PreCheck, WhatIsOptionalIsAWarning) {
  EXPECT_EQ(worst(findings("httproutes.gateway", {404, {}, "no"}), "gateway api").text, "not defined: httproutes");
  EXPECT_EQ(worst(findings("storageclasses", {200, json(R"({"items":[]})")}), "storage").verdict, Verdict::kWarn);
  ClusterAnswer ns{200, json(R"({"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}})")};
  EXPECT_EQ(worst(findings("namespaces/heddle-system", ns), "namespace").verdict, Verdict::kWarn);
}
}  // namespace
}  // namespace heddle
