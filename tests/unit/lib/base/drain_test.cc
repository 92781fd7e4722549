#include "lib/base/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace heddle {
namespace {
using testing::ElementsAre;

TEST(DrainGate, TellsOnceWhenTheLastTokenIsReleased) {
  DrainGate gate;
  int empty = 0;
  auto a = gate.token();
  auto b = gate.token();

  gate.drain([&] { ++empty; });
  a.release();
  EXPECT_EQ(empty, 0);
  b.release();
  { auto late = gate.token(); }

  EXPECT_EQ(empty, 1);
  EXPECT_TRUE(gate.is_draining());
}

TEST(DrainGate, TellsAtOnceWhenNothingIsOpen) {
  DrainGate gate;
  int empty = 0;

  gate.drain([&] { ++empty; });

  EXPECT_EQ(empty, 1);
}

TEST(DrainGate, CountsAMovedTokenOnce) {
  DrainGate gate;

  auto a = gate.token();
  auto b = std::move(a);
  b.release();
  b.release();

  EXPECT_EQ(gate.held(), 0U);
}

TEST(DrainGate, ReleasesWhatAnAssignmentReplaces) {
  DrainGate gate;
  auto a = gate.token();

  a = gate.token();

  EXPECT_EQ(gate.held(), 1U);
}

TEST(DrainGate, MayDieBeforeItsTokens) {
  int empty = 0;
  std::optional<DrainGate> gate(std::in_place);
  auto token = gate->token();
  gate->drain([&] { ++empty; });

  gate.reset();
  token.release();

  EXPECT_EQ(empty, 0);
}

TEST(Readiness, NamesWhatIsPendingInOrder) {
  Readiness readiness;

  auto identity = readiness.block("identity");
  auto config = readiness.block("config");
  EXPECT_THAT(readiness.pending(), ElementsAre("identity", "config"));
  identity.release();

  EXPECT_THAT(readiness.pending(), ElementsAre("config"));
  EXPECT_FALSE(readiness.is_ready());
}

TEST(Readiness, IsReadyWhenTheLastBlockerIsGone) {
  Readiness readiness;
  int changes = 0;
  auto blocker = readiness.block("config");
  readiness.on_change([&] { ++changes; });

  blocker.release();
  EXPECT_TRUE(readiness.is_ready());
  auto again = readiness.block("draining");

  EXPECT_FALSE(readiness.is_ready());
  EXPECT_EQ(changes, 2);
}

TEST(Readiness, KeepsTwoBlockersOfOneName) {
  Readiness readiness;
  auto a = readiness.block("worker");
  auto b = readiness.block("worker");

  a.release();

  EXPECT_THAT(readiness.pending(), ElementsAre("worker"));
}

TEST(Readiness, MayDieBeforeItsBlockers) {
  std::optional<Readiness> readiness(std::in_place);
  auto blocker = readiness->block("config");

  readiness.reset();

  blocker.release();
}
}  // namespace
}  // namespace heddle
