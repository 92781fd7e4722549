#include "proxy/app/leaving.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr MonoTime kStart(1000s);
MonoTime at(Duration after) { return kStart + after; }

WatchRelease waiting(uint64_t missing, bool listed = false) { return {ReleaseState::kWaiting, 3, missing, listed}; }

class LeavingTest : public testing::Test {
 protected:
  std::optional<LeaveEnd> end(Duration after, std::optional<MonoTime> asked = kStart) {
    auto outcome = leaving_.look(at(after), true, asked);
    return outcome ? std::optional(outcome->end) : std::nullopt;
  }
  Leaving leaving_{kStart, 25s, 5s};
};

TEST_F(LeavingTest, EndsWhenEverybodyAcknowledged) {
  leaving_.on_release(waiting(3));
  EXPECT_EQ(end(10s), std::nullopt);
  EXPECT_EQ(leaving_.text(), "waits for 3 sidecars");
  leaving_.on_release(waiting(1));
  EXPECT_EQ(leaving_.text(), "waits for 1 sidecar");
  leaving_.on_release({ReleaseState::kAcknowledged, 3, 0, false});

  auto outcome = leaving_.look(at(1200ms), true, kStart);

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text(), "released by 3 sidecars, after 1s200ms");
}

TEST_F(LeavingTest, DoesNotWaitForAWhileWhereNobodyUsedIt) {
  leaving_.on_release({ReleaseState::kAcknowledged, 0, 0, false});

  EXPECT_EQ(end(0s), LeaveEnd::kAcknowledged);
}

TEST_F(LeavingTest, AtTheDeadlineItSaysHowManyAreMissing) {
  leaving_.on_release(waiting(2));
  EXPECT_EQ(end(24'999ms), std::nullopt);

  auto outcome = leaving_.look(at(25s), true, kStart);

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, LeaveEnd::kDeadline);
  EXPECT_EQ(outcome->text(), "deadline: 2 sidecars of 3 may still use it, after 25s");
}

TEST_F(LeavingTest, AConfigurationThatStillNamesItIsSaid) {
  leaving_.on_release(waiting(0, true));

  EXPECT_EQ(leaving_.text(), "waits for a configuration without it");
  EXPECT_EQ(leaving_.look(at(25s), true, kStart)->text(), "deadline: the configuration still names it, after 25s");
}

TEST_F(LeavingTest, TheControlPlanesDeadlineIsOneToo) {
  leaving_.on_release({ReleaseState::kDeadline, 3, 1, false});

  EXPECT_EQ(end(24s), LeaveEnd::kDeadline);
}

TEST_F(LeavingTest, AnOlderControlPlaneIsNotWaitedForLongerThanBefore) {
  EXPECT_EQ(end(4s), std::nullopt);
  EXPECT_EQ(end(5s), LeaveEnd::kUnheard);
}

TEST_F(LeavingTest, AStreamThatHasJustBegunHasTimeToAnswer) {
  EXPECT_EQ(end(6s, at(4s)), std::nullopt);
  EXPECT_EQ(end(7s, at(4s)), LeaveEnd::kUnheard);
}

TEST_F(LeavingTest, WithoutAStreamItWaitsUntilTheDeadline) {
  EXPECT_EQ(end(20s, std::nullopt), std::nullopt);
  EXPECT_EQ(end(25s, std::nullopt), LeaveEnd::kDeadline);
}

TEST_F(LeavingTest, WithoutAControlPlaneItGoesOnForAWhile) {
  EXPECT_FALSE(leaving_.look(at(4s), false, std::nullopt));

  EXPECT_EQ(leaving_.look(at(5s), false, std::nullopt)->end, LeaveEnd::kUnasked);
}

TEST_F(LeavingTest, ABusyControlPlaneIsNotWaitedForLongerThanWithoutOne) {
  leaving_.on_release({ReleaseState::kBusy, 0, 0, false});

  EXPECT_EQ(end(1s), std::nullopt);
  EXPECT_EQ(end(5s), LeaveEnd::kBusy);
}

TEST_F(LeavingTest, TheAnswerIsJson) {
  leaving_.on_release({ReleaseState::kAcknowledged, 1, 0, false});

  EXPECT_EQ(leaving_.look(at(40ms), true, kStart)->json(),
            R"({"end":"acknowledged","text":"released by 1 sidecar, after 40ms","sidecars":1,"missing":0,)"
            R"("listed":false,"waited_ms":40})");
}
}  // namespace
}  // namespace heddle
