#include "lib/event/latest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
using testing::ElementsAre;
using Values = std::vector<int>;

std::shared_ptr<const int> value(int v) { return std::make_shared<const int>(v); }

TEST(Latest, ANewSubscriberGetsTheCurrentValueFromTheLoop) {
  Loop loop;
  Latest<int> latest;
  latest.publish(value(7));
  Values seen;

  auto subscription = latest.subscribe(loop, [&](auto v) { seen.push_back(*v); });
  EXPECT_THAT(seen, ElementsAre());
  loop.run();

  EXPECT_THAT(seen, ElementsAre(7));
}

TEST(Latest, TheNewestWins) {
  Loop loop;
  Latest<int> latest;
  Values seen;
  auto subscription = latest.subscribe(loop, [&](auto v) { seen.push_back(*v); });
  latest.publish(value(1));
  latest.publish(value(2));

  loop.run();

  EXPECT_THAT(seen, ElementsAre(2));
}

TEST(Latest, ADeadSubscriptionIsSilent) {
  Loop loop;
  Latest<int> latest;
  auto subscription = latest.subscribe(loop, [](auto) { FAIL() << "heard"; });
  latest.publish(value(1));
  subscription.reset();

  loop.run();

  SUCCEED();
}

TEST(Latest, ASubscriptionMayDieInItsOwnCallback) {
  Loop loop;
  Latest<int> latest;
  Values seen;
  Subscription subscription;
  subscription = latest.subscribe(loop, [&](auto v) {
    subscription.reset();
    seen.push_back(*v);
  });
  latest.publish(value(1));
  loop.run();
  latest.publish(value(2));
  loop.run();

  EXPECT_THAT(seen, ElementsAre(1));
}

TEST(Latest, MayDieBeforeItsSubscriptions) {
  Loop loop;
  Values seen;
  auto latest = std::make_unique<Latest<int>>();
  auto subscription = latest->subscribe(loop, [&](auto v) { seen.push_back(*v); });
  latest->publish(value(3));
  latest.reset();

  loop.run();

  EXPECT_THAT(seen, ElementsAre(3));
}

TEST(Latest, EverySubscriberHears) {
  Loop loop;
  Latest<int> latest;
  Values a, b;
  auto first = latest.subscribe(loop, [&](auto v) { a.push_back(*v); });
  auto second = latest.subscribe(loop, [&](auto v) { b.push_back(*v); });
  latest.publish(value(1));

  loop.run();

  EXPECT_THAT(a, ElementsAre(1));
  EXPECT_THAT(b, ElementsAre(1));
}

TEST(Latest, CurrentIsNullBeforeTheFirstPublish) {
  Latest<int> latest;

  EXPECT_EQ(latest.current(), nullptr);
}
}  // namespace
}  // namespace heddle
