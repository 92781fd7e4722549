#include "proxy/resilience/outlier_group.h"

#include <gtest/gtest.h>

#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr Ejection kRow{EjectionCause::kConsecutiveErrors, 5, 0};
constexpr MonoTime kStart{100s};

class OutlierGroupTest : public testing::Test {
 protected:
  using Cells = std::vector<std::shared_ptr<OutlierEndpoint>>;
  EndpointKey key(size_t n) { return {Address::loopback(static_cast<uint16_t>(8000 + n)), std::nullopt}; }
  std::shared_ptr<EndpointHealth> health(size_t n) { return table.get({key(n).address, ""}); }
  Cells add(size_t count) {
    Cells out;
    for (size_t i = 0; i < count; ++i) out.push_back(group->get(key(i), health(i), true));
    return out;
  }
  bool eject(OutlierEndpoint& cell) { return group->eject(cell, kRow, spec, now, 0); }
  size_t usable(const Cells& cells) {
    return static_cast<size_t>(std::count_if(cells.begin(), cells.end(), [](const auto& c) { return c->usable(); }));
  }
  // Lets the time of the cell pass and asks for the one request.
  OutlierProbe claim(const std::shared_ptr<OutlierEndpoint>& cell) {
    now = cell->until();
    return OutlierProbe::claim(cell, now);
  }
  HealthTable table;
  std::shared_ptr<OutlierGroup> group = table.outliers().get({Kind::kBackendSet, "default", "s"});
  OutlierSpec spec;
  MonoTime now = kStart;
};

TEST_F(OutlierGroupTest, AsksForAnEjectionAtEachFullRow) {
  Cells cells = add(2);
  int asked = 0;

  for (int i = 1; i <= 12; ++i) {
    auto wish = cells[0]->count(OutlierOutcome::kError, spec);
    if (!wish) continue;
    ++asked;
    EXPECT_EQ(i % 5, 0) << "once per full row";
    EXPECT_EQ(to_text(*wish), "5 errors in a row");
  }

  EXPECT_EQ(asked, 2);
}

TEST_F(OutlierGroupTest, ASuccessEndsTheRowAndWhatIsNobodysFaultDoesNot) {
  Cells cells = add(2);
  for (int i = 0; i < 4; ++i) (void)cells[0]->count(OutlierOutcome::kError, spec);
  (void)cells[0]->count(OutlierOutcome::kSuccess, spec);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(cells[0]->count(OutlierOutcome::kError, spec));
  EXPECT_FALSE(cells[0]->count(OutlierOutcome::kNothing, spec));

  EXPECT_TRUE(cells[0]->count(OutlierOutcome::kGatewayError, spec));
}

TEST_F(OutlierGroupTest, CountsGatewayErrorsForThemselves) {
  Cells cells = add(2);
  spec.consecutive_gateway_errors = 3;
  spec.consecutive_errors = 0;
  (void)cells[0]->count(OutlierOutcome::kGatewayError, spec);
  (void)cells[0]->count(OutlierOutcome::kGatewayError, spec);
  EXPECT_FALSE(cells[0]->count(OutlierOutcome::kError, spec)) << "a plain 500 ends the row";
  (void)cells[0]->count(OutlierOutcome::kGatewayError, spec);
  (void)cells[0]->count(OutlierOutcome::kGatewayError, spec);

  auto asked = cells[0]->count(OutlierOutcome::kGatewayError, spec);

  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->cause, EjectionCause::kConsecutiveGatewayErrors);
}

TEST_F(OutlierGroupTest, EjectsOneOfTwoAndNeverTheOther) {
  Cells cells = add(2);

  EXPECT_TRUE(eject(*cells[0]));
  EXPECT_FALSE(eject(*cells[1]));

  EXPECT_FALSE(cells[0]->is_in());
  EXPECT_TRUE(cells[1]->is_in());
  EXPECT_EQ(group->ejected(), 1U);
  EXPECT_EQ(group->refused(), 1U);
}

TEST_F(OutlierGroupTest, NeverEjectsTheOnlyOne) {
  spec.max_ejected_percent = 100;
  Cells cells = add(1);

  EXPECT_FALSE(eject(*cells[0]));
  EXPECT_TRUE(cells[0]->usable());
}

TEST_F(OutlierGroupTest, EjectsNoMoreThanTheShare) {
  spec.max_ejected_percent = 30;
  Cells cells = add(10);

  for (const auto& cell : cells) eject(*cell);

  EXPECT_EQ(usable(cells), 7U);
  EXPECT_EQ(group->ejections(EjectionCause::kConsecutiveErrors), 3U);
}

// With any share somebody is left, also when checks have taken others away.
TEST_F(OutlierGroupTest, LeavesTheLastOneThatChecksLeft) {
  spec.max_ejected_percent = 100;
  Cells cells = add(3);
  health(1)->set(HealthFlag::kCheckFailed, {});
  health(2)->set(HealthFlag::kCheckFailed, {});

  EXPECT_FALSE(eject(*cells[0]));
  health(2)->clear(HealthFlag::kCheckFailed, {});
  EXPECT_TRUE(eject(*cells[0]));
  EXPECT_FALSE(eject(*cells[2]));
}

TEST_F(OutlierGroupTest, EndpointsWithoutWeightAreNobodyToLeanOn) {
  auto heavy = group->get(key(0), health(0), true);
  auto spare = group->get(key(1), health(1), false);

  EXPECT_FALSE(eject(*heavy));
  spare = group->get(key(1), health(1), true);
  EXPECT_TRUE(eject(*heavy));
}

TEST_F(OutlierGroupTest, IsBackOnlyAfterOneRequestThatSucceeded) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  EXPECT_FALSE(OutlierProbe::claim(cells[0], now + 29s)) << "too early";

  OutlierProbe probe = claim(cells[0]);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(OutlierProbe::claim(cells[0], now)) << "one request, not two";
  EXPECT_FALSE(cells[0]->is_in()) << "not before it succeeded";
  probe.succeed();

  EXPECT_TRUE(cells[0]->usable());
  EXPECT_EQ(group->ejected(), 0U);
  EXPECT_EQ(group->returns(), 1U);
}

TEST_F(OutlierGroupTest, IsOutForLongerWhenThatRequestFails) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  claim(cells[0]).fail(spec, now, 0);

  EXPECT_EQ(cells[0]->until() - now, Duration(60s));
  EXPECT_EQ(cells[0]->why().cause, EjectionCause::kProbe);
  EXPECT_EQ(cells[0]->ejections(), 2U);
  EXPECT_EQ(group->ejected(), 1U) << "it was never back";
}

TEST_F(OutlierGroupTest, AnUndecidedProofIsDueAgainAtOnce) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  { OutlierProbe abandoned = claim(cells[0]); }

  EXPECT_EQ(cells[0]->state(), OutlierState::kEjected);
  EXPECT_TRUE(OutlierProbe::claim(cells[0], now));
}

TEST_F(OutlierGroupTest, SendsNoProofToAnEndpointThatChecksKeepDown) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  health(0)->set(HealthFlag::kCheckFailed, {});

  EXPECT_FALSE(claim(cells[0]));
}

TEST_F(OutlierGroupTest, TheTimeGrowsAndShrinksAgain) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  claim(cells[0]).succeed();
  ASSERT_TRUE(eject(*cells[0]));
  EXPECT_EQ(cells[0]->until() - now, Duration(60s));
  group->forgive();
  EXPECT_EQ(cells[0]->times(), 2U) << "not while it is out";
  claim(cells[0]).succeed();

  for (int interval = 0; interval < 3; ++interval) group->forgive();
  ASSERT_TRUE(eject(*cells[0]));

  EXPECT_EQ(cells[0]->until() - now, Duration(30s));
}

TEST_F(OutlierGroupTest, WhatComesInWhileItIsOutCountsForNothing) {
  Cells cells = add(3);
  for (int i = 0; i < 4; ++i) (void)cells[0]->count(OutlierOutcome::kError, spec);
  ASSERT_TRUE(eject(*cells[0]));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(cells[0]->count(OutlierOutcome::kError, spec));
  claim(cells[0]).succeed();

  EXPECT_EQ(cells[0]->take().requests, 0U);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(cells[0]->count(OutlierOutcome::kError, spec)) << "a new row";
}

TEST_F(OutlierGroupTest, ForgetsAnEndpointThatLeftTheSetAndItsPlaceInTheShare) {
  Cells cells = add(3);
  ASSERT_TRUE(eject(*cells[0]));
  cells[0].reset();

  EXPECT_EQ(group->ejected(), 0U);
  EXPECT_TRUE(eject(*cells[1]));
  EXPECT_TRUE(group->get(key(0), health(0), true)->is_in()) << "who comes back is new";
}

TEST_F(OutlierGroupTest, AnotherBackendSetJudgesForItself) {
  Cells cells = add(2);
  auto other = table.outliers().get({Kind::kBackendSet, "default", "other"});
  auto same_endpoint = other->get(key(0), health(0), true);

  ASSERT_TRUE(eject(*cells[0]));

  EXPECT_TRUE(same_endpoint->usable());
}

TEST_F(OutlierGroupTest, MovesTheEpochWhenBalancersMustLookAgain) {
  Cells cells = add(3);
  uint64_t before = table.epoch()->value();
  ASSERT_TRUE(eject(*cells[0]));
  uint64_t ejected = table.epoch()->value();
  EXPECT_GT(ejected, before);
  claim(cells[0]).fail(spec, now, 0);
  EXPECT_EQ(table.epoch()->value(), ejected) << "they have not seen it come back";
  claim(cells[0]).succeed();

  EXPECT_GT(table.epoch()->value(), ejected);
}

TEST_F(OutlierGroupTest, ThereIsATableRowOnlyWhileSomebodyUsesIt) {
  ResourceKey name{Kind::kBackendSet, "default", "s"};
  EXPECT_EQ(table.outliers().find(name), group);
  group.reset();

  EXPECT_EQ(table.outliers().find(name), nullptr);
}

// Whatever comes in whatever order: never more than the share, and somebody is always left.
TEST_F(OutlierGroupTest, HoldsTheShareByChance) {
  SeededRandom random(5);
  for (size_t size : {2U, 3U, 7U, 25U}) {
    spec.max_ejected_percent = static_cast<uint32_t>(10 + random.below(91));
    group = table.outliers().get({Kind::kBackendSet, "default", std::to_string(size)});
    Cells cells = add(size);
    for (int step = 0; step < 5000; ++step) {
      now = now + Duration(1s);
      auto& cell = cells[random.below(size)];
      bool fails = random.unit() < 0.7;
      if (OutlierProbe probe = OutlierProbe::claim(cell, now)) {
        fails ? probe.fail(spec, now, random.unit()) : probe.succeed();
      } else if (auto asked = cell->count(fails ? OutlierOutcome::kError : OutlierOutcome::kSuccess, spec)) {
        group->eject(*cell, *asked, spec, now, random.unit());
      }
      ASSERT_LE(size - usable(cells), most_ejected(size, spec.max_ejected_percent));
      ASSERT_EQ(size - usable(cells), group->ejected());
    }
    EXPECT_GT(group->refused(), 0U) << "the bound was reached";
  }
}
}  // namespace
}  // namespace heddle
