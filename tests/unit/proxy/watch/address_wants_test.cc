#include "proxy/watch/address_wants.h"

#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;
constexpr MonoTime kStart(1000s);
Address at(std::string_view text) { return *Address::parse(text); }
const Address kClusterIp = at("10.96.0.10:80");
const Address kElsewhere = at("192.0.2.1:443");

TEST(AddressWants, AsksOnceUntilThereIsAnAnswer) {
  AddressWants wants;
  wants.add(kClusterIp);
  wants.add(kClusterIp);
  EXPECT_EQ(wants.take(kStart), std::vector{kClusterIp});
  wants.add(kClusterIp);
  EXPECT_TRUE(wants.take(kStart).empty());

  wants.on_owned(kClusterIp);
  wants.add(kClusterIp);

  EXPECT_EQ(wants.take(kStart), std::vector{kClusterIp});
}

TEST(AddressWants, AsksAHundredASecond) {
  AddressWants wants;
  for (uint16_t port = 1; port <= 150; ++port) wants.add(kElsewhere.with_port(port));

  EXPECT_EQ(wants.take(kStart).size(), 100U);
  ASSERT_TRUE(wants.wait(kStart));
  EXPECT_GT(*wants.wait(kStart), 9ms);
  EXPECT_LT(*wants.wait(kStart), 11ms);
  EXPECT_EQ(wants.take(kStart + 500ms).size(), 50U);
  EXPECT_EQ(wants.wait(kStart + 500ms), std::nullopt);
}

TEST(AddressWants, WhatIsOfNobodyIsAskedAgainWhenThereIsSomebodyToAsk) {
  AddressWants wants;
  wants.on_unknown(kElsewhere, kStart);

  EXPECT_TRUE(wants.is_unknown(kElsewhere, kStart + 3999ms, true));
  EXPECT_FALSE(wants.is_unknown(kElsewhere, kStart + 4s, true));
  EXPECT_TRUE(wants.is_unknown(kElsewhere, kStart + 1h, false));
  EXPECT_FALSE(wants.is_unknown(kClusterIp, kStart, false));
}

TEST(UnownedAddresses, TheOldestGoes) {
  UnownedAddresses known(5s);
  for (uint16_t port = 1; port <= UnownedAddresses::kMax + 1; ++port) known.add(kElsewhere.with_port(port), kStart);

  EXPECT_FALSE(known.was_told(kElsewhere.with_port(1)));
  EXPECT_TRUE(known.was_told(kElsewhere.with_port(2)));
  EXPECT_TRUE(known.was_told(kElsewhere.with_port(UnownedAddresses::kMax + 1)));
}

class WatchClientTellsAddresses : public WatchRig {
 protected:
  void connect_to_newer() {
    connect();
    channel_.say(WatchAddresses{});
  }
  void want(const Address& address) {
    answer_.reset();
    token_ = client_.want(address, [this](Result<void> r) { answer_ = std::move(r); });
    run();
  }
  std::vector<Address> asked() {
    std::vector<Address> out;
    for (const WatchWant& want : channel_.heard_of<WatchWant>()) {
      out.insert(out.end(), want.addresses.begin(), want.addresses.end());
    }
    return out;
  }
  Reason reason() { return answer_ && !*answer_ ? answer_->error().reason : Reason::kNone; }
  std::optional<Result<void>> answer_;
  Pending token_;
};

TEST_F(WatchClientTellsAddresses, AnswersWhenTheServiceArrivesWhoseAddressItIs) {
  connect_to_newer();
  snapshot(v(1), a_);
  want(kClusterIp);
  ASSERT_EQ(asked(), std::vector{kClusterIp});

  channel_.say(WatchAddresses{{{kClusterIp, service("b")}}, {}});
  run();
  ASSERT_FALSE(answer_) << "the service is not here yet";
  ASSERT_EQ(channel_.heard_of<WatchWant>().back().add, std::vector{service("b")});
  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  ASSERT_TRUE(answer_);
  EXPECT_TRUE(*answer_);
}

TEST_F(WatchClientTellsAddresses, AnswersAtOnceWhereTheServiceIsHere) {
  connect_to_newer();
  snapshot(v(1), a_);
  want(kClusterIp);

  channel_.say(WatchAddresses{{{kClusterIp, service("a")}}, {}});

  ASSERT_TRUE(answer_);
  EXPECT_TRUE(*answer_);
}

TEST_F(WatchClientTellsAddresses, WhatIsOfNobodyIsRememberedForAWhile) {
  connect_to_newer();
  want(kElsewhere);
  channel_.say(WatchAddresses{{}, {kElsewhere}});
  EXPECT_EQ(reason(), Reason::kServiceUnknown);

  want(kElsewhere);
  EXPECT_EQ(reason(), Reason::kServiceUnknown);
  EXPECT_EQ(asked().size(), 1U);
  scheduler_.advance(AddressWants::kRememberUnknown);
  want(kElsewhere);

  EXPECT_FALSE(answer_);
  EXPECT_EQ(asked().size(), 2U);
}

TEST_F(WatchClientTellsAddresses, ThreeSecondsWithoutAnAnswerAreEnough) {
  connect_to_newer();
  want(kElsewhere);

  scheduler_.advance(3s);

  EXPECT_EQ(reason(), Reason::kPendingTimeout);
}

TEST_F(WatchClientTellsAddresses, AnOlderControlPlaneIsNotAsked) {
  connect();
  snapshot(v(1), a_);
  want(kElsewhere);

  EXPECT_EQ(reason(), Reason::kExternalDenied);
  EXPECT_TRUE(asked().empty());
}

TEST_F(WatchClientTellsAddresses, WhatWasAskedIsAskedAgainOnTheNextStream) {
  connect_to_newer();
  want(kClusterIp);
  ASSERT_EQ(asked().size(), 1U);
  channel_.observer->on_closed(make_error(Reason::kIo, "gone"));
  scheduler_.advance(1500ms);
  open();
  EXPECT_EQ(asked().size(), 1U) << "before the new one said that it answers";

  channel_.say(WatchAddresses{});
  run();

  EXPECT_EQ(asked().size(), 2U);
  EXPECT_FALSE(answer_);
}

TEST_F(WatchClientTellsAddresses, WhatWasOfNobodyStaysSoWhileThereIsNobodyToAsk) {
  connect_to_newer();
  want(kElsewhere);
  channel_.say(WatchAddresses{{}, {kElsewhere}});
  channel_.observer->on_closed(make_error(Reason::kIo, "gone"));
  scheduler_.advance(0ms);

  want(kElsewhere);
  EXPECT_EQ(reason(), Reason::kServiceUnknown);
  want(kClusterIp);
  EXPECT_FALSE(answer_);
}

TEST_F(WatchClientTellsAddresses, OneThatMayNotBeSeenAfterAllIsOfNobody) {
  connect_to_newer();
  want(kClusterIp);
  channel_.say(WatchAddresses{{{kClusterIp, service("b")}}, {}});
  channel_.say(WatchUnknown{{service("b")}});

  EXPECT_EQ(reason(), Reason::kServiceUnknown);
}
}  // namespace
}  // namespace heddle
