#include "lib/session/untrusted_peers.h"

#include <gtest/gtest.h>

#include <deque>

#include "certs/verify.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
std::shared_ptr<const TrustBundle> bundle_of(const std::vector<const TestCa*>& authorities) {
  CertChain roots;
  for (const TestCa* ca : authorities) roots.push_back(ca->chain().back());
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(*DomainRoots::create(authorities.front()->trust_domain(), std::move(roots), {}));
  return bundle;
}

struct FakeConnection final : Connection {
  void drain() override { ++drained; }
  void abort(const Error&) override { ++aborted; }
  ConnectionInfo describe() const override { return {}; }
  std::string_view protocol() const override { return "fake"; }
  size_t active_streams() const override { return 0; }
  bool is_trusted(const TrustBundle& bundle) const override { return has_root(bundle, *peer); }
  std::shared_ptr<const PeerCertificate> peer;
  int drained = 0;
  int aborted = 0;
};

class UntrustedPeersTest : public testing::Test {
 protected:
  UntrustedPeersTest() { peers_.use(both_); }
  void connect(const TestCa& ca, size_t count = 1) {
    Svid svid = ca.issue("spiffe://td.test/ns/a/sa/b");
    auto verified = *verify_peer(svid.chain, *bundle_of({&ca}), kTestNow);
    for (; count > 0; --count) {
      connections_.emplace_back().peer = verified.peer;
      registry_.add(connections_.back());
    }
  }
  size_t drained() const {
    return static_cast<size_t>(
        std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return c.drained > 0; }));
  }
  size_t aborted() const {
    return static_cast<size_t>(
        std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return c.aborted > 0; }));
  }

  TestCa old_{"td.test"};
  TestCa new_{"td.test"};
  std::shared_ptr<const TrustBundle> both_ = bundle_of({&old_, &new_});
  ManualScheduler scheduler_;
  ConnectionRegistry registry_;
  std::deque<FakeConnection> connections_;
  UntrustedPeers peers_{scheduler_, {&registry_}};
};

TEST_F(UntrustedPeersTest, DrainsPeersOfARetiredRootAndNobodyElse) {
  connect(old_);
  connect(new_);

  peers_.use(bundle_of({&new_}));
  EXPECT_EQ(drained(), 0U);  // not inside the call
  scheduler_.advance(2s);

  EXPECT_EQ(connections_[0].drained, 1);
  EXPECT_EQ(connections_[1].drained, 0);
}

TEST_F(UntrustedPeersTest, TheSameRootsEndNothing) {
  connect(old_);

  peers_.use(bundle_of({&new_, &old_}));
  scheduler_.advance(60s);

  EXPECT_EQ(drained(), 0U);
}

TEST_F(UntrustedPeersTest, DrainsAHundredInASecond) {
  connect(old_, 1000);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(3s);

  EXPECT_GE(drained(), 200U);
  EXPECT_LE(drained(), 400U);
}

TEST_F(UntrustedPeersTest, TellsTheLastWithinHalfAMinuteHoweverManyThereAre) {
  connect(old_, 20'000);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(15s);
  EXPECT_GT(drained(), 5'000U);
  EXPECT_LT(drained(), 15'000U);
  scheduler_.advance(16s);

  EXPECT_EQ(drained(), 20'000U);
}

TEST_F(UntrustedPeersTest, AbortsWhoDoesNotLeaveTheLastAfterAMinute) {
  connect(old_, 5'000);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(48s);
  EXPECT_EQ(aborted(), 0U);
  scheduler_.advance(7s);
  EXPECT_GT(aborted(), 0U);
  EXPECT_LT(aborted(), 5'000U);
  scheduler_.advance(6s);

  EXPECT_EQ(aborted(), 5'000U);
}

TEST_F(UntrustedPeersTest, FindsAHandshakeThatBeganBefore) {
  peers_.use(bundle_of({&new_}));
  scheduler_.advance(10s);

  connect(old_);
  scheduler_.advance(2s);

  EXPECT_EQ(drained(), 1U);
}

TEST_F(UntrustedPeersTest, ARootThatComesBackSavesWhoWasNotToldYetAndNobodyElse) {
  connect(old_, 1000);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(2s);
  size_t before = drained();
  peers_.use(both_);
  scheduler_.advance(61s);

  EXPECT_GT(before, 0U);
  EXPECT_LT(before, 1000U);
  EXPECT_EQ(drained(), before);
  EXPECT_EQ(aborted(), before);
}

TEST_F(UntrustedPeersTest, AMinuteDoesNotBeginAgainWhenRootsChangeAgain) {
  TestCa third{"td.test"};
  connect(old_);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(40s);
  peers_.use(bundle_of({&new_, &third}));
  scheduler_.advance(21s);

  EXPECT_EQ(drained(), 1U);
  EXPECT_EQ(aborted(), 1U);
}

TEST_F(UntrustedPeersTest, RootsThatChangeAllTheTimePutNothingOff) {
  TestCa third{"td.test"};
  connect(old_);

  for (int i = 0; i < 61; ++i) {
    peers_.use(bundle_of({&new_}));
    scheduler_.advance(500ms);
    peers_.use(bundle_of({&new_, &third}));
    scheduler_.advance(500ms);
  }

  EXPECT_EQ(connections_[0].drained, 1);
  EXPECT_EQ(connections_[0].aborted, 1);
}

TEST_F(UntrustedPeersTest, EachHasAMinuteOfItsOwn) {
  TestCa third{"td.test"};
  connect(old_);
  connect(new_);

  peers_.use(bundle_of({&new_}));
  scheduler_.advance(30s);
  peers_.use(bundle_of({&third}));
  scheduler_.advance(35s);
  EXPECT_EQ(connections_[0].aborted, 1);
  EXPECT_EQ(connections_[1].drained, 1);
  EXPECT_EQ(connections_[1].aborted, 0);
  scheduler_.advance(26s);

  EXPECT_EQ(connections_[1].aborted, 1);
}

TEST_F(UntrustedPeersTest, CutsAHandshakeThatWasFoundLateAMinuteLater) {
  peers_.use(bundle_of({&new_}));
  scheduler_.advance(50s);
  connect(old_);

  scheduler_.advance(50s);
  EXPECT_EQ(drained(), 1U);
  EXPECT_EQ(aborted(), 0U);
  scheduler_.advance(12s);

  EXPECT_EQ(aborted(), 1U);
}

TEST_F(UntrustedPeersTest, WithoutABundleTheOneBeforeStays) {
  connect(old_);

  peers_.use(bundle_of({&new_}));
  peers_.use(nullptr);
  scheduler_.advance(2s);

  EXPECT_EQ(drained(), 1U);
}

TEST_F(UntrustedPeersTest, ADomainThatIsNotKnownAnyMoreIsNotTrusted) {
  connect(old_);
  TestCa other{"other.test"};

  peers_.use(bundle_of({&other}));
  scheduler_.advance(2s);

  EXPECT_EQ(drained(), 1U);
}
}  // namespace
}  // namespace heddle
