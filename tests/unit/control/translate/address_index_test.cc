#include "control/translate/address_index.h"

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
Address at(std::string_view text) { return *Address::parse(text); }

class AddressIndexTest : public testing::Test {
 protected:
  AddressIndexTest() {
    store_.put(backend_set("shop", "8080"));
    store_.put(service("shop", R"(,"addresses":["10.96.0.10","fd00:96::10"])"));
  }
  std::string of(std::string_view address, std::string_view account = "web") {
    auto identity = SpiffeId::parse(str_cat("spiffe://cluster.local/ns/default/sa/", account));
    auto found = index_.find(store_->view(), at(address), *identity);
    return found ? found->text() : "";
  }
  TestStore store_;
  AddressIndex index_;
};

TEST_F(AddressIndexTest, AServiceHasItsAddressesAtItsPorts) {
  EXPECT_EQ(of("10.96.0.10:80"), "Service/default/shop");
  EXPECT_EQ(of("[fd00:96::10]:80"), "Service/default/shop");
  EXPECT_EQ(of("10.96.0.10:81"), "");
  EXPECT_EQ(of("10.96.0.11:80"), "");
}

TEST_F(AddressIndexTest, AnEndpointIsOfTheServiceThatNamesItsSet) {
  EXPECT_EQ(of("127.0.0.1:8080"), "Service/default/shop");
  EXPECT_EQ(of("127.0.0.1:8081"), "");
  store_.put(backend_set("alone", "8082"));
  EXPECT_EQ(of("127.0.0.1:8082"), "") << "no service names it";
}

TEST_F(AddressIndexTest, WhatIsCalledByItsEndpointsGoesFirst) {
  store_.put(heddle_resource("Service", "default", "zz-headless",
                             R"({"ports":[{"port":80,"protocol":"http","backendSet":"shop"}]})"));

  EXPECT_EQ(of("127.0.0.1:8080"), "Service/default/zz-headless");
}

TEST_F(AddressIndexTest, WhoMayNotSeeAServiceIsToldTheSameAsOfNone) {
  store_.put(
      service("shop", R"(,"addresses":["10.96.0.10"],"visibility":["spiffe://cluster.local/ns/default/sa/web"])"));

  EXPECT_EQ(of("10.96.0.10:80", "web"), "Service/default/shop");
  EXPECT_EQ(of("10.96.0.10:80", "other"), "");
  EXPECT_EQ(of("127.0.0.1:8080", "other"), "");
}

TEST_F(AddressIndexTest, FollowsWhatChanges) {
  ASSERT_EQ(of("127.0.0.1:8080"), "Service/default/shop");
  store_.put(backend_set("shop", "9090"));
  EXPECT_EQ(of("127.0.0.1:8080"), "");
  EXPECT_EQ(of("127.0.0.1:9090"), "Service/default/shop");

  store_.put(service("shop", R"(,"addresses":["10.96.0.20"])"));
  EXPECT_EQ(of("10.96.0.10:80"), "");
  EXPECT_EQ(of("10.96.0.20:80"), "Service/default/shop");

  store_.put(service("before", R"(,"addresses":["10.96.0.10"])"));
  EXPECT_EQ(of("10.96.0.10:80"), "Service/default/before");

  store_.erase(*ResourceKey::make(Kind::kService, "default", "shop"));
  EXPECT_EQ(of("10.96.0.20:80"), "");
  EXPECT_EQ(of("127.0.0.1:9090"), "");
  EXPECT_EQ(of("10.96.0.10:80"), "Service/default/before");
}
}  // namespace
}  // namespace heddle
