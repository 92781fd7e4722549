#include "control/watch/mesh_standing.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(MeshStanding, NobodyKeepsTheNewestVersionFromBeingReached) {
  MeshStanding standing({1, 7});

  EXPECT_EQ(standing.runs(), (Version{1, 7}));
  EXPECT_TRUE(standing.is_reached({1, 7}));
  EXPECT_FALSE(standing.is_reached({1, 8})) << "there is none yet";
  EXPECT_FALSE(standing.is_over({1, 8}));
}

TEST(MeshStanding, TheSlowestCounts) {
  MeshStanding standing({1, 7});
  standing.note({1, 7}, std::nullopt);
  standing.note({1, 5}, std::nullopt);

  EXPECT_EQ(standing.runs(), (Version{1, 5}));
  EXPECT_TRUE(standing.is_over({1, 5}));
  EXPECT_FALSE(standing.is_over({1, 6}));
  standing.note({}, std::nullopt);
  EXPECT_FALSE(standing.is_reached({1, 1})) << "who holds nothing runs nothing";
}

TEST(MeshStanding, OnlyWhatWasRefusedAndDoesNotRunIsRefused) {
  MeshStanding standing({1, 9});
  standing.note({1, 3}, Version{1, 5});

  EXPECT_FALSE(standing.is_refused({1, 3})) << "it runs that";
  EXPECT_TRUE(standing.is_refused({1, 4})) << "it was told of 5 only, and refused it";
  EXPECT_TRUE(standing.is_refused({1, 5}));
  EXPECT_FALSE(standing.is_refused({1, 6})) << "that is another's";
}

TEST(MeshStanding, EachRefusalCountsForTheVersionsItKeepsAway) {
  MeshStanding standing({1, 9});
  standing.note({1, 7}, Version{1, 9});
  standing.note({1, 2}, Version{1, 4});
  standing.note({1, 3}, Version{1, 4});

  EXPECT_TRUE(standing.is_refused({1, 3})) << "one that runs 2 refused 4";
  EXPECT_FALSE(standing.is_refused({1, 6})) << "who refused 9 runs 7";
  EXPECT_TRUE(standing.is_refused({1, 8}));
}
}  // namespace
}  // namespace heddle
