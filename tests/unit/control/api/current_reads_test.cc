#include "control/api/current_reads.h"

#include "lib/base/strings.h"
#include "tests/support/held_confirm.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
class CurrentReadsTest : public testing::Test {
 protected:
  // As the API's handlers: what is there when it runs, with the status that the test says.
  HttpServer::Handler handler() {
    return [this](const RpcRequest& request, HttpServer::Respond respond) {
      ++handled_;
      respond(RpcResponse::json(status_, str_cat(state_, " ", request.body)));
    };
  }
  void ask(HttpServer::Handler& handler, std::string method = "GET", std::string path = "/v1/status",
           std::string query = "") {
    RpcRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.body = "asked";
    handler(request, [this](RpcResponse answer) { answers_.push_back(std::move(answer)); });
  }
  static std::string header(const RpcResponse& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return "";
  }
  bool last_has_age() const { return !header(answers_.back(), "age").empty(); }

  ManualScheduler scheduler_;
  WallTime last_current_ = scheduler_.wall() - 5s;
  HeldConfirm held_;
  ReadIndex index_{scheduler_, held_.confirm(), [this] { return last_current_; }};
  CurrentReads reads_{&index_, scheduler_};
  std::string state_ = "old";
  uint16_t status_ = 200;
  int handled_ = 0;
  std::vector<RpcResponse> answers_;
};

TEST_F(CurrentReadsTest, WhatIsShownIsWhatIsThereWhenItIsConfirmed) {
  HttpServer::Handler handler = reads_.then(this->handler());
  ask(handler);
  EXPECT_EQ(handled_, 0);
  state_ = "new";

  held_.answer();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].body, "new asked");
  EXPECT_TRUE(answers_[0].headers.empty());
}

TEST_F(CurrentReadsTest, WithoutAnAnswerTheLastStateIsShownAndSaysHowOldItIs) {
  HttpServer::Handler handler = reads_.then(this->handler());
  ask(handler);

  scheduler_.advance(ReadIndex::kPatience);

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(answers_[0].body, "old asked");
  EXPECT_EQ(header(answers_[0], "heddle-stale-since"), format_time(last_current_));
  EXPECT_EQ(header(answers_[0], "age"), "7");
}

TEST_F(CurrentReadsTest, TheOnlyControlPlaneAnswersAtOnce) {
  CurrentReads alone(nullptr, scheduler_);
  HttpServer::Handler handler = alone.then(this->handler());

  ask(handler);

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_TRUE(answers_[0].headers.empty());
}

TEST_F(CurrentReadsTest, AChangeThatIsMadeIsNewAndARefusalIsAsOldAsWhatItIsJudgedBy) {
  HttpServer::Handler handler = reads_.then(this->handler());
  auto judged = [&](uint16_t status, std::string path, std::string query) {
    status_ = status;
    ask(handler, "POST", std::move(path), std::move(query));
    held_.fail();
    return last_has_age();
  };

  EXPECT_FALSE(judged(200, "/v1/apply", ""));
  EXPECT_TRUE(judged(404, "/v1/apply", ""));
  EXPECT_FALSE(judged(503, "/v1/apply", "")) << "that says why itself";
  EXPECT_TRUE(judged(200, "/v1/apply", "dryRun=true"));
  EXPECT_TRUE(judged(200, "/v1/explain", ""));
  EXPECT_TRUE(judged(200, "/v1/plan", ""));
}

TEST_F(CurrentReadsTest, BeyondThePlacesItIsRefusedAndPlacesComeBack) {
  HttpServer::Handler handler = reads_.then(this->handler());
  for (size_t i = 0; i < CurrentReads::kMaxWaiting; ++i) ask(handler);
  ASSERT_TRUE(answers_.empty());

  ask(handler);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, info(Reason::kOverload).status);

  scheduler_.advance(ReadIndex::kPatience);
  EXPECT_EQ(answers_.size(), CurrentReads::kMaxWaiting + 1);
  ask(handler);
  EXPECT_EQ(answers_.size(), CurrentReads::kMaxWaiting + 1) << "it waits";
}

TEST_F(CurrentReadsTest, WhoWaitsIsToldThatWeLeave) {
  HttpServer::Handler handler = reads_.then(this->handler());
  ask(handler);

  reads_.drain();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, info(Reason::kDraining).status);
  held_.answer();
  EXPECT_EQ(handled_, 0);
}
}  // namespace
}  // namespace heddle
