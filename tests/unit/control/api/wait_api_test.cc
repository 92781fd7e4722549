#include "control/api/wait_api.h"

#include "control/store/sqlite_ledger.h"
#include "tests/support/ledger_now.h"
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
class NoLines final : public AuditSink {
 public:
  void write_line(std::string_view) override {}
};

class WaitApiTest : public WatchHubTest {
 protected:
  WaitApiTest() : ledger_(store_.database) {
    keep("a", R"([{"role":"editor","namespaces":["default"]}])");
    keep("b", R"([{"role":"editor","namespaces":["shop"]}])");
  }
  // A token and its name are one here.
  void keep(std::string_view token, std::string_view grants) {
    AdminTokenRow row{std::string(token), "", {}, std::string(grants)};
    ASSERT_TRUE(commit_now(ledger_, {AddAdminToken{sha256(as_bytes(token)), row}}));
  }
  void wait(std::string_view token, std::string query) {
    RpcRequest request;
    request.path = "/v1/wait";
    request.query = std::move(query);
    request.headers.emplace_back("authorization", str_cat("Bearer ", token));
    api_.wait(request, [this](RpcResponse answer) { answers_.push_back(std::move(answer)); });
  }
  void wait_often(std::string_view token) {
    for (size_t i = 0; i < WaitApi::kMaxOfToken; ++i) wait(token, "version=1.99&timeout=10s");
  }
  NoLines lines_;
  SqliteLedger ledger_;
  AccessGate gate_{{ledger_, lines_, scheduler_, random_}};
  WaitApi api_{{*store_.store, *hub_, gate_}};
  std::vector<RpcResponse> answers_;
};

TEST_F(WaitApiTest, AnswersWhenTheVersionRuns) {
  wait("a", str_cat("version=", store_->version().text()));
  EXPECT_TRUE(answers_.empty()) << "never inside";

  scheduler_.advance(0ms);

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 200);
}

TEST_F(WaitApiTest, OneTokenDoesNotTakeEveryPlace) {
  wait_often("a");
  EXPECT_TRUE(answers_.empty());

  wait("a", "version=1.99");
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, info(Reason::kRateLimited).status);
  EXPECT_NE(answers_[0].body.find("the token a waits 100 times already"), std::string::npos) << answers_[0].body;
  wait("b", "version=1.99");
  EXPECT_EQ(answers_.size(), 1U) << "another token has places of its own";

  scheduler_.advance(10s);
  EXPECT_EQ(answers_.size(), 1 + WaitApi::kMaxOfToken);
  wait("a", "version=1.99");
  EXPECT_EQ(answers_.size(), 1 + WaitApi::kMaxOfToken) << "its places are free again";
}

TEST_F(WaitApiTest, WhatCannotBeReadIsRefused) {
  wait("a", "version=x");
  wait("a", "version=1.1&timeout=11m");
  wait("unknown", "version=1.1");

  ASSERT_EQ(answers_.size(), 3U);
  EXPECT_EQ(answers_[0].status, 400);
  EXPECT_EQ(answers_[1].status, 400);
  EXPECT_EQ(answers_[2].status, 401);
}

TEST_F(WaitApiTest, TheWordsOfARefusalAreForThoseWhoMayReadTheResource) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  std::string query = str_cat("version=", store_->version().text());
  wait("a", query);
  wait("b", query);
  flush();
  ASSERT_TRUE(sidecar_.read(*hub_));
  WatchNack nack = sidecar_.replica_.nack();
  nack.errors = {{"BackendSet/default/a", "spec", "its words"}};

  hub_->on_message(*sidecar_.subscriber_, nack);

  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_NE(answers_[0].body.find("its words"), std::string::npos) << answers_[0].body;
  EXPECT_EQ(answers_[1].body.find("its words"), std::string::npos) << answers_[1].body;
  EXPECT_NE(answers_[1].body.find("n1"), std::string::npos) << "that it refused is for everybody";
}

TEST_F(WaitApiTest, WhoWaitsIsToldThatThisReplicaLeaves) {
  wait("a", "version=1.99");

  api_.drain();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, info(Reason::kDraining).status);
}
}  // namespace
}  // namespace heddle
