// A sidecar asks whose an address is.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
class WatchAddressesTest : public WatchHubTest {
 protected:
  WatchAddressesTest() {
    put(service("b", R"(,"addresses":["10.96.0.10"])"));
    put(service("hidden", R"(,"addresses":["10.96.0.11"],"visibility":["spiffe://cluster.local/ns/x/sa/y"])"));
    flush();
    sidecar_.features_ = {std::string(kAddressesFeature)};
  }
  void ask(std::vector<Address> addresses) {
    hub_->on_message(*sidecar_.subscriber_, WatchWant{{}, {}, std::move(addresses)});
  }
  const std::vector<WatchAddresses>& answers() const { return sidecar_.replica_.addresses(); }

  const Address cluster_ip_ = *Address::parse("10.96.0.10:80");
  const Address hidden_ = *Address::parse("10.96.0.11:80");
  const Address elsewhere_ = *Address::parse("192.0.2.1:443");
};

TEST_F(WatchAddressesTest, SaysFirstThatItAnswers) {
  sidecar_.start(*hub_);

  ASSERT_FALSE(sidecar_.lines_.empty());
  EXPECT_EQ(sidecar_.lines_.front(), encode(WatchAddresses{}));
  sidecar_.settle(*hub_);
  sidecar_.hello(*hub_);
  sidecar_.settle(*hub_);
  EXPECT_EQ(answers().size(), 1U) << "once for a stream";
}

TEST_F(WatchAddressesTest, AnOlderSidecarIsToldNothing) {
  sidecar_.features_ = {};
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  EXPECT_TRUE(answers().empty());
}

TEST_F(WatchAddressesTest, TellsTheServiceAndWhatIsOfNobody) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ask({cluster_ip_, hidden_, elsewhere_});
  sidecar_.settle(*hub_);

  ASSERT_EQ(answers().size(), 2U);
  EXPECT_EQ(answers().back(), (WatchAddresses{{{cluster_ip_, service_key("b")}}, {hidden_, elsewhere_}}));
}

TEST_F(WatchAddressesTest, KnowsWhatIsNotPushedYet) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(service("new", R"(,"addresses":["10.96.0.12"])"));
  Address address = *Address::parse("10.96.0.12:80");

  ask({address});
  sidecar_.settle(*hub_);

  EXPECT_EQ(answers().back(), (WatchAddresses{{{address, service_key("new")}}, {}}));
}

TEST_F(WatchAddressesTest, NobodyIsCalledUnknownBeforeTheSourcesAreComplete) {
  start_hub();
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  ask({elsewhere_});
  sidecar_.settle(*hub_);
  ASSERT_EQ(answers().size(), 1U);

  hub_->set_synced();
  sidecar_.settle(*hub_);

  ASSERT_EQ(answers().size(), 2U);
  EXPECT_EQ(answers().back(), (WatchAddresses{{}, {elsewhere_}}));
}

TEST_F(WatchAddressesTest, TooManyAtOnceEndTheStream) {
  sidecar_.window_ = 1;
  sidecar_.start(*hub_);  // nothing more can be said
  std::vector<Address> many;
  for (uint16_t port = 1; port <= kMaxWantedAddresses; ++port) many.push_back(elsewhere_.with_port(port));
  ask(many);
  EXPECT_FALSE(sidecar_.closed_.has_value());

  ask({elsewhere_});

  EXPECT_TRUE(sidecar_.closed_.has_value());
}
}  // namespace
}  // namespace heddle
