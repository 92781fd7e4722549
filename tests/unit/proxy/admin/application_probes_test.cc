#include "proxy/admin/application_probes.h"

#include <gtest/gtest.h>

#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
// Says what the test lets it say.
struct HeldProbe final : Probe {
  struct Token final : Operation {};
  explicit HeldProbe(std::vector<OnResult>& l) : list(l) {}
  [[nodiscard]] Pending run(OnResult done) override {
    list.push_back(std::move(done));
    return std::make_unique<Token>();
  }
  std::vector<OnResult>& list;
};

class ApplicationProbesTest : public testing::Test {
 protected:
  ApplicationProbesTest() {
    map_["app/readyz"] = {.kind = CheckKind::kHttp, .port = 8080, .timeout = 2s};
    map_["app/livez"] = {.port = 9090, .host = *Address::from_ip("127.0.0.1", 0)};
    map_["app/startupz"] = {.port = 9090, .impossible = "host \"db\" is no IP address"};
  }
  void ask(std::string_view probe, std::string_view agent = "") {
    RpcRequest request;
    request.local = *Address::parse("10.0.0.7:15020");
    request.path_params = {{"container", "app"}, {"probe", std::string(probe)}};
    if (!agent.empty()) request.headers.emplace_back("user-agent", agent);
    answers_.clear();
    probes_.answer(request, [this](RpcResponse response) { answers_.push_back(std::move(response)); });
  }
  void say(ProbeResult result) { results_.back()(std::move(result)); }
  static ProbeResult failed(Reason reason, uint16_t status) {
    return {make_error(reason, "so", Origin::kUpstream), status};
  }
  static ProbeResult passed(uint16_t status) { return {{Reason::kNone, Origin::kUpstream, {}}, status}; }
  uint16_t status() const { return answers_.size() == 1 ? answers_.front().status : 0; }

  ManualScheduler scheduler_;
  ApplicationProbeMap map_;
  std::vector<Probe::OnResult> results_;
  std::vector<std::pair<ApplicationProbe, Address>> made_;
  std::vector<RpcResponse> answers_;
  ApplicationProbes probes_{scheduler_, map_, [this](const ApplicationProbe& probe, const Address& address) {
                              made_.emplace_back(probe, address);
                              return std::make_unique<HeldProbe>(results_);
                            }};
};

TEST_F(ApplicationProbesTest, AsksWhereItWasAskedItselfOrWhereTheProbeSays) {
  ask("readyz");
  ask("livez");

  ASSERT_EQ(made_.size(), 2U);
  EXPECT_EQ(made_[0].second.text(), "10.0.0.7:8080");
  EXPECT_EQ(made_[1].second.text(), "127.0.0.1:9090");
}

TEST_F(ApplicationProbesTest, AnswersTheStatusOfTheApplication) {
  for (auto& [result, expected] :
       std::vector<std::pair<ProbeResult, uint16_t>>{{passed(204), 204},
                                                     {passed(302), 200},
                                                     {passed(0), 200},
                                                     {failed(Reason::kUnavailable, 500), 500},
                                                     {failed(Reason::kUnavailable, 404), 404},
                                                     {failed(Reason::kUpstreamConnectFailed, 0), 503}}) {
    ask("readyz");
    say(result);
    EXPECT_EQ(status(), expected);
    scheduler_.advance(1ms);
  }
  EXPECT_EQ(probes_.running(), 0U);
}

TEST_F(ApplicationProbesTest, WhoDoesNotAnswerInTimeHasFailed) {
  ask("readyz");
  scheduler_.advance(1999ms);
  EXPECT_EQ(status(), 0);

  scheduler_.advance(1ms);

  EXPECT_EQ(status(), 503);
  EXPECT_NE(answers_.front().body.find("no answer in time"), std::string::npos);
  EXPECT_EQ(probes_.running(), 0U);
}

TEST_F(ApplicationProbesTest, WhatIsNoProbeOrCannotBeAskedIsSaid) {
  ask("healthz");
  EXPECT_EQ(status(), 404);
  ask("startupz");
  EXPECT_EQ(status(), 503);
  EXPECT_NE(answers_.front().body.find("no IP address"), std::string::npos);
  EXPECT_TRUE(made_.empty());
}

TEST_F(ApplicationProbesTest, SoManyAtOnceAndNoMore) {
  for (size_t i = 0; i < ApplicationProbes::kMaxAtOnce; ++i) ask("readyz");
  EXPECT_EQ(status(), 0);
  ask("readyz");
  EXPECT_EQ(status(), 503);

  say(passed(200));
  ask("readyz");

  EXPECT_EQ(probes_.running(), ApplicationProbes::kMaxAtOnce);
}

TEST_F(ApplicationProbesTest, TheApplicationSeesWhoAsked) {
  ask("readyz", "kube-probe/1.32");
  ASSERT_EQ(made_.back().first.headers.size(), 1U);
  EXPECT_EQ(made_.back().first.headers[0].second, "kube-probe/1.32");

  map_["app/readyz"].headers = {{"user-agent", "own"}};
  ask("readyz", "kube-probe/1.32");
  EXPECT_EQ(made_.back().first.headers[0].second, "own");
  EXPECT_EQ(made_.back().first.headers.size(), 1U);
}

TEST(RedirectedPath, StaysOnItsServer) {
  constexpr std::string_view kOrigin = "http://10.0.0.7:8080";
  auto to = [&](std::string_view location) { return redirected_path("/a/b?c", location, kOrigin); };
  EXPECT_EQ(to("/other?x"), "/other?x");
  EXPECT_EQ(to("http://10.0.0.7:8080/x#y"), "/x");
  EXPECT_EQ(to("http://10.0.0.7:8080"), "/");
  EXPECT_EQ(to("z"), "/a/z");
  EXPECT_EQ(to("?q"), "/a/b?q");
  for (std::string_view elsewhere : {"http://10.0.0.7:80801/x", "http://10.0.0.7:8080.evil/", "https://10.0.0.7:8080/",
                                     "//other/x", "http://other/", "mailto:x", "#y", ""}) {
    EXPECT_EQ(to(elsewhere), "") << elsewhere;
  }
}
}  // namespace
}  // namespace heddle
