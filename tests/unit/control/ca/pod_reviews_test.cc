// How much of the API server a crowd of sidecars gets, and what they are told when it does not answer.
#include "control/ca/pod_reviews.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
const ReviewedPod kPod{"default", "web", "web-0", "uid-0"};

// Answers when the test says so, never inside review().
class HeldReviewer final : public PodReviewer {
 public:
  struct Call final : Operation {
    Call(HeldReviewer& o, std::string t) : owner(o), token(std::move(t)) {}
    ~Call() override { owner.held.erase(token); }
    HeldReviewer& owner;
    std::string token;
  };
  Pending review(std::string_view token, Done done) override {
    asked.emplace_back(token);
    held.insert_or_assign(std::string(token), std::move(done));
    return std::make_unique<Call>(*this, std::string(token));
  }
  void answer(const std::string& token, Result<ReviewedPod> said = kPod) {
    auto found = held.find(token);
    ASSERT_NE(found, held.end()) << token << " is not asked for";
    Done done = std::move(found->second);
    held.erase(found);
    done(std::move(said));
  }
  std::vector<std::string> asked;
  std::map<std::string, Done> held;  // under way
};

class PodReviewsTest : public testing::Test {
 protected:
  struct Told {
    std::string token;
    Result<ReviewedPod> said;
  };
  void review(const std::string& token) {
    reviews_->review(token, [this, token](Result<ReviewedPod> said) { told_.push_back({token, std::move(said)}); });
  }
  // Within the rate, so that only the other limits are met.
  void review_slowly(const std::string& prefix, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      review(str_cat(prefix, std::to_string(i)));
      clock_.advance(kOneMore);
    }
  }
  static constexpr Duration kOneMore = 6ms;
  static constexpr size_t kAll = PodReviews::kMaxAtOnce;

  TestClock clock_;
  HeldReviewer reviewer_;
  std::optional<PodReviews> reviews_{std::in_place, reviewer_, clock_};
  std::vector<Told> told_;
};

TEST_F(PodReviewsTest, TheAnswerIsHandedOver) {
  review("a");
  EXPECT_TRUE(told_.empty());

  reviewer_.answer("a");

  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].said.value(), kPod);
}

TEST_F(PodReviewsTest, NothingIsRememberedOfATokenSoThatAPodThatIsGoneIsNoticed) {
  review("a");
  reviewer_.answer("a");
  review("a");
  reviewer_.answer("a", make_error(Reason::kUnauthenticated, "its pod is gone"));

  EXPECT_EQ(reviewer_.asked, (std::vector<std::string>{"a", "a"}));
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1].said.error().reason, Reason::kUnauthenticated);
}

TEST_F(PodReviewsTest, SoManyAreAskedAtOnceAndTheRestWaitInOrder) {
  review_slowly("t", kAll + 3);
  EXPECT_EQ(reviewer_.asked.size(), kAll);
  EXPECT_EQ(reviews_->waiting(), 3U);

  reviewer_.answer("t5");

  ASSERT_EQ(reviewer_.asked.size(), kAll + 1);
  EXPECT_EQ(reviewer_.asked.back(), str_cat("t", std::to_string(kAll)));
  EXPECT_EQ(reviews_->waiting(), 2U);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].token, "t5");
}

TEST_F(PodReviewsTest, AnAnswerOfNoUseMakesRoomToo) {
  review_slowly("t", kAll + 1);

  reviewer_.answer("t0", make_error(Reason::kUnavailable, "the API server did not answer"));

  EXPECT_EQ(reviews_->waiting(), 0U);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].said.error().reason, Reason::kUnavailable);
}

TEST_F(PodReviewsTest, MoreThanMayWaitAreRefusedAtOnceAndCostTheOthersNothing) {
  review_slowly("t", kAll + PodReviews::kMaxWaiting);
  ASSERT_TRUE(told_.empty());

  review("last");

  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].token, "last");
  EXPECT_EQ(told_[0].said.error().reason, Reason::kOverload);
  EXPECT_EQ(reviews_->waiting(), PodReviews::kMaxWaiting);
}

TEST_F(PodReviewsTest, MoreThanSoManyASecondAreRefusedUntilTimePasses) {
  for (int i = 0; i < static_cast<int>(PodReviews::kPerSecond); ++i) review(str_cat("t", std::to_string(i)));
  ASSERT_TRUE(told_.empty());

  review("more");

  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].said.error().reason, Reason::kRateLimited);
  EXPECT_NE(told_[0].said.error().detail.find("200"), std::string::npos) << told_[0].said.error().detail;
  clock_.advance(kOneMore);
  review("later");
  EXPECT_EQ(told_.size(), 1U) << "it waits for its turn";
}

TEST_F(PodReviewsTest, WhenTheApiServerDoesNotAnswerThoseThatWaitedTooLongAreNotAskedForAnyMore) {
  review_slowly("old", kAll + 2);
  clock_.advance(PodReviews::kMaxWait);
  review("new");

  reviewer_.answer("old0", make_error(Reason::kUnavailable, "no answer in time"));

  ASSERT_EQ(told_.size(), 3U);
  for (const Told& one : told_) EXPECT_EQ(one.said.error().reason, Reason::kUnavailable) << one.token;
  EXPECT_EQ(told_[1].token, str_cat("old", std::to_string(kAll)));
  EXPECT_EQ(reviewer_.asked.back(), "new") << "its sidecar still waits";
}

TEST_F(PodReviewsTest, WhoWaitedAlmostTooLongIsAskedFor) {
  review_slowly("t", kAll);
  review("waits");
  clock_.advance(PodReviews::kMaxWait - 1ms);

  reviewer_.answer("t0");

  EXPECT_EQ(reviewer_.asked.back(), "waits");
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(PodReviewsTest, WhoIsToldMayAskAgain) {
  reviews_->review("a", [this](const Result<ReviewedPod>&) { review("b"); });
  reviewer_.answer("a");
  ASSERT_EQ(reviewer_.asked.back(), "b");

  reviewer_.answer("b");

  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].token, "b");
}

TEST_F(PodReviewsTest, ItsEndIsSilentAndStopsWhatIsUnderWay) {
  review_slowly("t", kAll + 1);

  reviews_.reset();

  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(reviewer_.held.empty());
}

TEST_F(PodReviewsTest, AnErrorOfALimitDoesNotNameTheToken) {
  review_slowly("t", kAll + PodReviews::kMaxWaiting);
  review("very-secret");
  clock_.advance(PodReviews::kMaxWait);
  reviewer_.answer("t1");

  for (const Told& one : told_) {
    std::string text = one.said ? std::string() : one.said.error().text();
    EXPECT_EQ(text.find("very-secret"), std::string::npos) << text;
  }
  EXPECT_EQ(told_.size(), PodReviews::kMaxWaiting + 2);
}
}  // namespace
}  // namespace heddle
