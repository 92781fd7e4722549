#include "proxy/exchange/caller_fields.h"

#include <gtest/gtest.h>

#include "certs/peer_certificate.h"
#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kWebId = "spiffe://td/ns/shop/sa/web";

class CallerFieldsTest : public testing::Test {
 protected:
  CallerFieldsTest() {
    own_.set(*SpiffeId::parse("spiffe://td/ns/shop/sa/cart"));
    stranger_.peer = *Address::parse("192.0.2.7:4711");
    member_.peer = *Address::parse("192.0.2.8:4711");
    member_.is_tls = true;
    member_.peer_certificate =
        std::make_shared<const PeerCertificate>(*PeerCertificate::from_x509(ca_.issue(kWebId).chain.front().get()));
  }
  CallerFields inbound(TrustForwarded trusted = TrustForwarded::kMesh,
                       ForwardClientCert client_cert = ForwardClientCert::kSet) {
    return CallerFields({Direction::kInbound, client_cert, trusted}, own_);
  }
  CallerFields outbound() { return CallerFields({}, own_); }
  void add(std::string_view name, std::string_view value) { ASSERT_TRUE(fields_.add(name, value)); }
  // "name: value" of every field.
  std::string after(const CallerFields& what, const ConnectionInfo& caller) {
    EXPECT_TRUE(what.apply(fields_, caller));
    std::string out;
    for (size_t i = 0; i < fields_.size(); ++i) {
      out.append(str_cat(out.empty() ? "" : "|", fields_.at(i).name, ": ", fields_.at(i).value));
    }
    return out;
  }
  std::string xfcc() const {
    return str_cat("By=spiffe://td/ns/shop/sa/cart;Hash=", member_.peer_certificate->fingerprint(), ";URI=", kWebId);
  }

  TestCa ca_{"td"};
  OwnName own_;
  BlockPool pool_;
  HeaderMap fields_{pool_};
  ConnectionInfo stranger_;
  ConnectionInfo member_;
};

TEST_F(CallerFieldsTest, NobodyIsBelievedWhoItSaysItIs) {
  for (std::string_view name : {"x-forwarded-client-cert", "l5d-client-id", "l5d-dst-override", "x-mesh-peer",
                                "x-heddle-peer", "heddle-reason", "heddle-peer"}) {
    add(name, "evil");
    add(name, "evil twice");
  }
  add("x-head", "kept");
  add("x-m", "kept");
  add("heddle", "kept");
  add("heddle-via", "kept");

  EXPECT_EQ(after(outbound(), member_), "x-head: kept|x-m: kept|heddle: kept|heddle-via: kept");
}

TEST_F(CallerFieldsTest, EnvoysWordsEndAtTheSidecarOfTheApplicationThatWouldBelieveThem) {
  add("x-envoy-peer-metadata-id", "evil");

  EXPECT_EQ(after(outbound(), stranger_), "x-envoy-peer-metadata-id: evil");
  EXPECT_EQ(after(inbound(TrustForwarded::kAll), stranger_), "");
}

TEST_F(CallerFieldsTest, AProvedIdentityIsTold) {
  EXPECT_EQ(after(inbound(), member_), "x-forwarded-client-cert: " + xfcc());
}

TEST_F(CallerFieldsTest, AProvedIdentityReplacesWhatWasClaimed) {
  add("x-forwarded-client-cert", "By=spiffe://td/boss;URI=spiffe://td/boss");
  add("x-forwarded-client-cert", "URI=spiffe://td/boss");

  EXPECT_EQ(after(inbound(), member_), "x-forwarded-client-cert: " + xfcc());
}

TEST_F(CallerFieldsTest, WhatIsOffIsOnlyRemoved) {
  add("x-forwarded-client-cert", "URI=spiffe://td/boss");

  EXPECT_EQ(after(inbound(TrustForwarded::kMesh, ForwardClientCert::kOff), member_), "");
}

TEST_F(CallerFieldsTest, OurOwnApplicationIsNotTold) { EXPECT_EQ(after(outbound(), member_), ""); }

TEST_F(CallerFieldsTest, WithoutRoomForTheIdentityTheRequestIsRefused) {
  std::string filler(100, 'x');
  while (fields_.add("x-filler", filler)) continue;

  auto result = inbound().apply(fields_, member_);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kRequestHeadTooLarge);
}

TEST_F(CallerFieldsTest, AStrangersSchemeIsThatOfItsConnection) {
  add("x-forwarded-proto", "https");
  add("x-forwarded-proto", "wss");
  add("forwarded", "for=127.0.0.1;proto=https");

  EXPECT_EQ(after(inbound(), stranger_), "x-forwarded-proto: http|x-forwarded-for: 192.0.2.7");
}

TEST_F(CallerFieldsTest, AStrangersAddressIsTheLastOfOneList) {
  add("x-forwarded-for", "127.0.0.1");
  add("a", "b");
  add("x-forwarded-for", "10.0.0.1, 10.0.0.2");

  EXPECT_EQ(after(inbound(), stranger_),
            "a: b|x-forwarded-proto: http|x-forwarded-for: 127.0.0.1, 10.0.0.1, 10.0.0.2, 192.0.2.7");
}

TEST_F(CallerFieldsTest, AnAddressOfSixteenBytesStandsWithoutBrackets) {
  stranger_.peer = *Address::parse("[2001:db8::7]:4711");

  EXPECT_EQ(after(inbound(), stranger_), "x-forwarded-proto: http|x-forwarded-for: 2001:db8::7");
}

TEST_F(CallerFieldsTest, MembersOfTheMeshAreBelievedWhereARequestCameFrom) {
  add("x-forwarded-proto", "https");
  add("x-forwarded-for", "192.0.2.99");
  add("forwarded", "for=192.0.2.99");

  EXPECT_EQ(after(inbound(TrustForwarded::kMesh, ForwardClientCert::kOff), member_),
            "x-forwarded-proto: https|x-forwarded-for: 192.0.2.99|forwarded: for=192.0.2.99");
}

TEST_F(CallerFieldsTest, WithNobodyTrustedMembersAreAsStrangers) {
  add("x-forwarded-proto", "http");
  add("x-forwarded-for", "192.0.2.99");

  EXPECT_EQ(after(inbound(TrustForwarded::kNone, ForwardClientCert::kOff), member_),
            "x-forwarded-proto: https|x-forwarded-for: 192.0.2.99, 192.0.2.8");
}

TEST_F(CallerFieldsTest, WithEverybodyTrustedStrangersAreAsMembers) {
  add("x-forwarded-proto", "https");
  add("x-forwarded-for", "192.0.2.99");

  EXPECT_EQ(after(inbound(TrustForwarded::kAll), stranger_), "x-forwarded-proto: https|x-forwarded-for: 192.0.2.99");
}

TEST_F(CallerFieldsTest, NothingIsAllocated) {
  add("x-forwarded-for", "192.0.2.99");
  add("x-forwarded-client-cert", "URI=spiffe://td/boss");
  stranger_.peer = *Address::parse("[2001:db8:1111:2222:3333:4444:5555:7777]:4711");
  CallerFields both[] = {inbound(), outbound()};
  AllocationCounter counter;

  for (const CallerFields& fields : both) {
    ASSERT_TRUE(fields.apply(fields_, member_));
    ASSERT_TRUE(fields.apply(fields_, stranger_));
  }

  EXPECT_EQ(counter.count(), 0U);
}

TEST_F(CallerFieldsTest, MembersOfAnotherTrustDomainAreNoMembersOfTheMesh) {
  member_.is_foreign = true;
  add("x-forwarded-proto", "http");
  add("x-forwarded-for", "192.0.2.99");
  add("forwarded", "for=192.0.2.99");

  EXPECT_EQ(after(inbound(), member_), str_cat("x-forwarded-proto: https|x-forwarded-for: 192.0.2.99, 192.0.2.8|"
                                               "x-forwarded-client-cert: ",
                                               xfcc()));
}
}  // namespace
}  // namespace heddle
