// When a second try is sent beside the first, and which answer ends the race.
#include "proxy/resilience/hedge.h"

#include <gtest/gtest.h>

#include <set>

namespace heddle {
namespace {
constexpr HedgeSpec kSpec{50ms, false};
constexpr HedgeSpec kAnyMethod{50ms, true};

HedgeFacts get_of_two() {
  HedgeFacts out;
  out.is_idempotent = true;
  out.endpoints = 2;
  return out;
}

TEST(Hedge, IsSentBesideATryWithoutAnAnswer) { EXPECT_EQ(hedge_step(kSpec, get_of_two()), HedgeStep::kSend); }

TEST(Hedge, IsOfWhatMayBeDoneTwiceOnly) {
  HedgeFacts post = get_of_two();
  post.is_idempotent = false;
  EXPECT_EQ(hedge_step(kSpec, post), HedgeStep::kNever);
  EXPECT_EQ(hedge_step(kAnyMethod, post), HedgeStep::kSend);

  HedgeFacts upgrade = get_of_two();
  upgrade.is_upgrade = true;
  EXPECT_EQ(hedge_step(kAnyMethod, upgrade), HedgeStep::kNever);
}

TEST(Hedge, DoesNotMoveASession) {
  HedgeFacts facts = get_of_two();
  facts.has_session = true;
  EXPECT_EQ(hedge_step(kSpec, facts), HedgeStep::kNever);
  EXPECT_EQ(hedge_step(kAnyMethod, facts), HedgeStep::kNever);
}

TEST(Hedge, WaitsForTheRestOfTheRequestWhileThatIsKept) {
  HedgeFacts facts = get_of_two();
  facts.has_ended = false;
  EXPECT_EQ(hedge_step(kSpec, facts), HedgeStep::kWait);
  facts.is_kept = false;
  EXPECT_EQ(hedge_step(kSpec, facts), HedgeStep::kNever);
  facts.has_ended = true;
  EXPECT_EQ(hedge_step(kSpec, facts), HedgeStep::kNever);
}

TEST(Hedge, IsNotSentWhereThereIsNothingToGain) {
  HedgeFacts answered = get_of_two();
  answered.is_answered = true;
  EXPECT_EQ(hedge_step(kSpec, answered), HedgeStep::kNever);
  HedgeFacts between = get_of_two();
  between.is_under_way = false;
  EXPECT_EQ(hedge_step(kSpec, between), HedgeStep::kNever);
  HedgeFacts nobody_else = get_of_two();
  nobody_else.tries = 2;
  EXPECT_EQ(hedge_step(kSpec, nobody_else), HedgeStep::kNever);
}

TEST(Hedge, WhatTheRetryNamesDoesNotEndTheRace) {
  RetrySpec retry;
  retry.add_code(500);
  retry.grpc.set(14);
  EXPECT_FALSE(ends_race(&retry, {500}));
  EXPECT_TRUE(ends_race(&retry, {503}));
  EXPECT_TRUE(ends_race(&retry, {200}));
  EXPECT_FALSE(ends_race(&retry, {200, 14}));
  EXPECT_TRUE(ends_race(&retry, {200, 5}));
  EXPECT_TRUE(ends_race(&retry, {200, 99}));
}

TEST(Hedge, WhoRefusesForLoadDoesNot) {
  EXPECT_FALSE(ends_race(nullptr, {429}));
  EXPECT_FALSE(ends_race(nullptr, {200, 8}));
  EXPECT_FALSE(ends_race(nullptr, {200, 14}));
  EXPECT_TRUE(ends_race(nullptr, {200, 0}));
}

TEST(Hedge, WithoutARetryGatewayErrorsDoNot) {
  for (uint16_t status : {uint16_t{502}, uint16_t{503}, uint16_t{504}}) EXPECT_FALSE(ends_race(nullptr, {status}));
  for (uint16_t status : {uint16_t{101}, uint16_t{200}, uint16_t{404}, uint16_t{500}, uint16_t{501}, uint16_t{505}}) {
    EXPECT_TRUE(ends_race(nullptr, {status})) << status;
  }
}

TEST(Hedge, EveryResultHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (HedgeResult result :
       {HedgeResult::kWon, HedgeResult::kLost, HedgeResult::kTookOver, HedgeResult::kFailed, HedgeResult::kCancelled}) {
    EXPECT_TRUE(names.insert(to_text(result)).second);
  }
}
}  // namespace
}  // namespace heddle
