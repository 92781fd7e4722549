// What a sidecar says about whom it trusts, and to which control planes.
#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;

WatchTrustInUse in_use(char digit) { return {std::string(64, digit), std::string(64, digit)}; }

class WatchClientTrustTest : public WatchRig {
 protected:
  WatchClientTrustTest() {
    client_.set_on_trust([this](const WatchTrust& said) { heard_.push_back(said.signer); });
  }
  void announce(char digit) { channel_.say(WatchTrust{std::string(64, digit), 1s, R"({"keys":[]})"}); }
  std::vector<WatchTrustInUse> said() const { return channel_.heard_of<WatchTrustInUse>(); }
  std::vector<std::string> heard_;
};

TEST_F(WatchClientTrustTest, SaysThatItTakesTheMessage) {
  connect();

  EXPECT_EQ(last_hello().features, std::vector<std::string>{std::string(kTrustFeature)});
}

TEST_F(WatchClientTrustTest, HandsAnAnnouncementOnAndAnswersWithWhatIsInUse) {
  client_.report_trust(in_use('1'));
  connect();

  announce('a');

  EXPECT_EQ(heard_, std::vector<std::string>{std::string(64, 'a')});
  EXPECT_EQ(said(), std::vector{in_use('1')});
}

TEST_F(WatchClientTrustTest, ATrustThatChangesIsSaidAgain) {
  connect();
  announce('a');
  EXPECT_TRUE(said().empty());

  client_.report_trust(in_use('1'));
  client_.report_trust(in_use('1'));
  client_.report_trust(in_use('2'));

  EXPECT_EQ(said(), (std::vector{in_use('1'), in_use('2')}));
}

TEST_F(WatchClientTrustTest, AnOlderControlPlaneIsToldNothing) {
  connect();

  client_.report_trust(in_use('1'));

  EXPECT_TRUE(said().empty());
}

TEST_F(WatchClientTrustTest, EveryStreamIsToldAnew) {
  client_.report_trust(in_use('1'));
  connect();
  announce('a');

  channel_.observer->on_closed(make_error(Reason::kUnavailable, "gone"));
  client_.report_trust(in_use('2'));
  scheduler_.advance(2s);
  open();
  size_t before = said().size();
  announce('a');

  EXPECT_EQ(before, 1U);
  EXPECT_EQ(said().back(), in_use('2'));
}
}  // namespace
}  // namespace heddle
