#include "certs/rotation.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr WallTime kIssued{1'000'000s};
constexpr WallTime kEnd = kIssued + 1000s;

struct Row {
  Duration after_issue;
  double random;
  bool rotate;
};
}  // namespace

TEST(Rotation, ComesAtHalfOfTheLifetimePlusMinusATenth) {
  EXPECT_EQ(rotate_at(kIssued, kEnd, 0.0), kIssued + 450s);
  EXPECT_EQ(rotate_at(kIssued, kEnd, 0.5), kIssued + 500s);
  EXPECT_EQ(rotate_at(kIssued, kEnd, 1.0), kIssued + 550s);
}

TEST(Rotation, FollowsItsTable) {
  const Row rows[] = {
      {0s, 0.0, false},   {449s, 0.0, false}, {450s, 0.0, true}, {499s, 0.5, false},
      {500s, 0.5, true},  {549s, 1.0, false}, {550s, 1.0, true}, {1000s, 0.5, true},
      {2000s, 0.5, true}, {-60s, 0.5, false}, {-61s, 0.5, true}, {-3600s, 0.5, true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(should_rotate(kIssued + row.after_issue, kIssued, kEnd, row.random), row.rotate)
        << row.after_issue / 1s << " s, " << row.random;
  }
}

TEST(Rotation, ReplacesAtOnceWhatHasNoLifetime) {
  EXPECT_TRUE(should_rotate(kIssued, kIssued, kIssued, 0.5));
  EXPECT_TRUE(should_rotate(kIssued, kIssued, kIssued - 10s, 0.5));
}

TEST(Rotation, KeepsAStrangeRandomNumberInRange) {
  EXPECT_EQ(rotate_at(kIssued, kEnd, -7.0), kIssued + 450s);
  EXPECT_EQ(rotate_at(kIssued, kEnd, 7.0), kIssued + 550s);
}

TEST(Rotation, NamesTheHealth) {
  auto health = [](Duration after) { return svid_health(kIssued + after, kIssued, kEnd); };

  EXPECT_EQ(health(0s), SvidHealth::kFresh);
  EXPECT_EQ(health(499s), SvidHealth::kFresh);
  EXPECT_EQ(health(500s), SvidHealth::kRenew);
  EXPECT_EQ(health(749s), SvidHealth::kRenew);
  EXPECT_EQ(health(750s), SvidHealth::kWarn);
  EXPECT_EQ(health(999s), SvidHealth::kWarn);
  EXPECT_EQ(health(1000s), SvidHealth::kExpired);
  EXPECT_EQ(health(-3600s), SvidHealth::kRenew);
}
}  // namespace heddle
