#include "proxy/watch/wants.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr MonoTime kStart{1000s};

ResourceKey service(const std::string& name) { return *ResourceKey::make(Kind::kService, "default", name); }

void queue_many(Wants& wants, int count, MonoTime now) {
  for (int i = 0; i < count; ++i) EXPECT_EQ(wants.add(service("s" + std::to_string(i)), now), Wants::Answer::kQueued);
}

TEST(Wants, AsksForANameOnce) {
  Wants wants;

  EXPECT_EQ(wants.add(service("a"), kStart), Wants::Answer::kQueued);
  EXPECT_EQ(wants.take(kStart).add, std::vector{service("a")});
  EXPECT_EQ(wants.add(service("a"), kStart), Wants::Answer::kHeld);
  EXPECT_TRUE(wants.take(kStart).add.empty());
}

TEST(Wants, AsksForTenNewNamesASecond) {
  Wants wants;
  queue_many(wants, 30, kStart);

  EXPECT_EQ(wants.take(kStart).add.size(), 10U);
  EXPECT_EQ(wants.take(kStart).add.size(), 0U);
  EXPECT_EQ(wants.take(kStart + 500ms).add.size(), 5U);
  EXPECT_EQ(wants.take(kStart + 1500ms).add.size(), 10U);
}

TEST(Wants, SaysHowLongTheNextNameWaits) {
  Wants wants;
  queue_many(wants, 11, kStart);
  wants.take(kStart);

  std::optional<Duration> wait = wants.wait(kStart);

  ASSERT_TRUE(wait);
  EXPECT_GT(*wait, 99ms);
  EXPECT_EQ(wants.take(kStart + *wait).add.size(), 1U);
  EXPECT_FALSE(wants.wait(kStart + *wait));
}

TEST(Wants, RemembersUnknownForFiveSeconds) {
  Wants wants;
  wants.add(service("a"), kStart);
  wants.take(kStart);
  wants.on_unknown(std::vector{service("a")}, kStart);

  EXPECT_EQ(wants.add(service("a"), kStart + 4s), Wants::Answer::kUnknown);
  EXPECT_EQ(wants.add(service("a"), kStart + 5s), Wants::Answer::kQueued);
}

TEST(Wants, DropsAnUnknownNameThatARequestAskedFor) {
  Wants wants;
  wants.add(service("a"), kStart);
  wants.take(kStart);

  wants.on_unknown(std::vector{service("a")}, kStart);

  EXPECT_EQ(wants.take(kStart).drop, std::vector{service("a")});
}

TEST(Wants, KeepsAnUnknownNameThatIsConfigured) {
  Wants wants;
  wants.hold(service("a"));

  wants.on_unknown(std::vector{service("a")}, kStart);

  EXPECT_TRUE(wants.is_held(service("a")));
  EXPECT_TRUE(wants.take(kStart).drop.empty());
}

TEST(Wants, HoldsAtMostAThousand) {
  Wants wants;
  for (size_t i = 0; i < kMaxWants; ++i) wants.hold(service("s" + std::to_string(i)));

  EXPECT_EQ(wants.add(service("one-more"), kStart), Wants::Answer::kTooMany);
}

TEST(Wants, DropsWhatIsNoLongerWanted) {
  Wants wants;
  wants.hold(service("a"));

  wants.drop(service("a"));

  EXPECT_EQ(wants.take(kStart).drop, std::vector{service("a")});
  EXPECT_EQ(wants.size(), 0U);
}

TEST(Wants, ForgetsDropsThatTheNextHelloTells) {
  Wants wants;
  wants.hold(service("a"));
  wants.drop(service("a"));

  wants.on_hello();

  EXPECT_TRUE(wants.take(kStart).drop.empty());
}

TEST(ServiceKeyOf, ReadsEveryFormOfAName) {
  EXPECT_EQ(service_key_of("hello", "default")->text(), "Service/default/hello");
  EXPECT_EQ(service_key_of("hello.shop", "default")->text(), "Service/shop/hello");
  EXPECT_EQ(service_key_of("hello.shop.svc", "default")->text(), "Service/shop/hello");
  EXPECT_EQ(service_key_of("Hello.shop.svc.cluster.local", "default")->text(), "Service/shop/hello");
}

TEST(ServiceKeyOf, RefusesWhatIsNoService) {
  EXPECT_FALSE(service_key_of("www.example.com", "default"));
  EXPECT_FALSE(service_key_of("hello.shop.svc.other.domain", "default"));
  EXPECT_FALSE(service_key_of("", "default"));
  EXPECT_FALSE(service_key_of("10.0.0.1", "default"));
}
}  // namespace
}  // namespace heddle
