#include "control/api/wait_view.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
WatchLaggard laggard(std::string node, NodeState state) {
  WatchLaggard out{{"spiffe://td/web", std::move(node)}, state};
  out.runs = Version{1, 42};
  return out;
}
WatchLaggard refusing() {
  WatchLaggard out = laggard("web-1", NodeState::kRefused);
  out.nack = WatchNack{{1, 44}, {{"HTTPRoute/default/hello", "spec.rules[0]", "is too much"}, {"", "", "and more"}}};
  return out;
}

TEST(WaitView, AReachedVersionSaysOnHowManySidecars) {
  RpcResponse answer = wait_answer({WaitResult::End::kReached, {1, 44}, {}, {}, 3}, {1, 44});

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"version":"1.44","sidecars":3})");
}

TEST(WaitView, EachLaggardSaysWhy) {
  WatchLaggard silent = laggard("web-2", NodeState::kBehind);
  silent.unanswered = 7s + 300ms;
  WatchLaggard fresh = laggard("web-3", NodeState::kSyncing);
  fresh.runs.reset();

  EXPECT_EQ(text_of(refusing()), "refused 1.44: HTTPRoute/default/hello: spec.rules[0]: is too much");
  EXPECT_EQ(text_of(silent), "has not answered for 7s, runs 1.42");
  EXPECT_EQ(text_of(fresh), "holds nothing yet");
  EXPECT_EQ(text_of(laggard("web-4", NodeState::kBehind)), "runs 1.42");
}

TEST(WaitView, WhatWasRefusedBeforeIsAReasonToLagAndNoProblemOfThisVersion) {
  WatchLaggard older = refusing();
  older.refused_before = true;
  RpcResponse answer = wait_answer({WaitResult::End::kTimeout, {1, 42}, {older}}, {1, 45});

  EXPECT_EQ(text_of(older), "refused 1.44 before");
  EXPECT_NE(answer.body.find(R"("problems":[])"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("is too much"), std::string::npos) << answer.body;
}

TEST(WaitView, WordsAreForThoseWhoMayReadWhatTheyAreAbout) {
  WaitResult all{WaitResult::End::kRefused, {1, 42}, {refusing()}};
  WaitResult own = all;
  WaitResult none = all;

  hide_words(all, {{AccessRole::kViewer, true}});
  hide_words(own, {{AccessRole::kViewer, false, {"default"}}});
  hide_words(none, {{AccessRole::kEditor, false, {"bank"}}});

  EXPECT_EQ(all.behind[0].nack->errors.size(), 2U);
  ASSERT_EQ(own.behind[0].nack->errors.size(), 1U) << "what names no resource may be about any";
  EXPECT_EQ(own.behind[0].nack->errors[0].resource, "HTTPRoute/default/hello");
  EXPECT_EQ(text_of(none.behind[0]), "refused 1.44: about a resource that this token may not read");
  EXPECT_EQ(wait_answer(none, {1, 44}).body.find("is too much"), std::string::npos);
}

TEST(WaitView, ATimeoutNamesThem) {
  WatchLaggard silent = laggard("web-2", NodeState::kBehind);
  silent.unanswered = 7s;
  RpcResponse answer = wait_answer({WaitResult::End::kTimeout, {1, 42}, {silent}}, {1, 44});

  EXPECT_EQ(answer.status, 504);
  EXPECT_NE(answer.body.find(R"("end":"timeout")"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("why":"not-answering")"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("problems":[])"), std::string::npos) << answer.body;
}

TEST(WaitView, ARefusalCarriesEveryErrorOfTheSidecar) {
  RpcResponse answer = wait_answer({WaitResult::End::kRefused, {1, 42}, {refusing()}}, {1, 44});

  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"("end":"refused")"), std::string::npos) << answer.body;
  constexpr std::string_view kFirst = R"x({"resource":"HTTPRoute/default/hello","path":"spec.rules[0]",)x"
                                      R"x("message":"is too much (sidecar web-1 (spiffe://td/web))"})x";
  EXPECT_NE(answer.body.find(kFirst), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("and more"), std::string::npos);
}

TEST(WaitView, AMessageNamesAFewAndCountsTheOthers) {
  WaitResult result{WaitResult::End::kTimeout, {1, 42}, {}};
  for (int i = 0; i < 25; ++i) result.behind.push_back(laggard("n" + std::to_string(i), NodeState::kBehind));

  EXPECT_NE(wait_answer(result, {1, 44}).body.find("; and 5 more"), std::string::npos);
}
TEST(WaitView, AControlPlaneThatIsNotHeardIsNamedOnce) {
  WaitResult result{WaitResult::End::kTimeout, {1, 42}, {}};
  result.replicas.push_back({"b", 3300, 12s + 400ms, {1, 41}});
  result.replicas.push_back({"c", 4, std::nullopt, {1, 43}});

  RpcResponse answer = wait_answer(result, {1, 44});

  EXPECT_EQ(text_of(result.replicas[0]), "the 3300 sidecars of control plane b are not known: not heard for 12s");
  EXPECT_EQ(text_of(result.replicas[1]), "control plane c has 1.43 only");
  EXPECT_NE(answer.body.find(R"("message":"the 3300 sidecars of control plane b are not known)"), std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"("replicas":[{"name":"b","sidecars":3300,"heard":false,)"), std::string::npos)
      << answer.body;
}
}  // namespace
}  // namespace heddle
