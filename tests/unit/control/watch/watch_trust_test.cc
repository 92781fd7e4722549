// Trust over the watch: who is told of a new bundle, when, and what is known of who uses it.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
WatchTrust trust(char digit) { return {std::string(64, digit), 2s, R"({"keys":[]})"}; }
WatchTrustInUse in_use(char digit) { return {std::string(64, digit), std::string(64, digit)}; }

class WatchTrustTest : public WatchHubTest {
 protected:
  WatchTrustTest() { sidecar_.features_ = {std::string(kTrustFeature)}; }
  const std::vector<WatchTrust>& heard() const { return sidecar_.replica_.trusts(); }
};

TEST_F(WatchTrustTest, ANewSidecarIsToldFirst) {
  hub_->announce(trust('a'));

  sidecar_.start(*hub_);
  sidecar_.read(*hub_, 1);

  EXPECT_EQ(heard(), std::vector{trust('a')});
}

TEST_F(WatchTrustTest, AConnectedSidecarIsToldAtOnce) {
  hub_->announce(trust('a'));
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  hub_->announce(trust('b'));
  sidecar_.read(*hub_);

  EXPECT_EQ(heard(), (std::vector{trust('a'), trust('b')}));
}

TEST_F(WatchTrustTest, ASidecarThatDoesNotKnowTheMessageIsSpared) {
  sidecar_.features_ = {"another"};
  hub_->announce(trust('a'));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->announce(trust('b'));
  sidecar_.settle(*hub_);

  EXPECT_TRUE(heard().empty());
  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchTrustTest, ASlowReaderIsToldAfterItsBatchAndOnlyTheNewest) {
  sidecar_.window_ = 1;
  sidecar_.start(*hub_);
  sidecar_.read(*hub_, 1);

  hub_->announce(trust('a'));
  hub_->announce(trust('b'));
  sidecar_.settle(*hub_);

  EXPECT_EQ(heard(), std::vector{trust('b')});
  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchTrustTest, WhatASidecarUsesIsKnownUntilItReconnects) {
  hub_->announce(trust('a'));
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  EXPECT_EQ(status().trust, std::nullopt);

  hub_->on_message(*sidecar_.subscriber_, in_use('a'));
  EXPECT_EQ(status().trust, in_use('a'));

  sidecar_.stop(*hub_);
  sidecar_.start(*hub_);
  EXPECT_EQ(status().trust, std::nullopt);
}

TEST_F(WatchTrustTest, NothingIsBelievedBeforeTheHello) {
  sidecar_.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, in_use('a'));

  EXPECT_TRUE(sidecar_.closed_.has_value());
}
}  // namespace
}  // namespace heddle
