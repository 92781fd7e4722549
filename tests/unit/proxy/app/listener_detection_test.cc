#include "proxy/app/listener_detection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
using testing::HasSubstr;
using Direction = ListenerSettings::Direction;

ListenerSettings outbound(std::string service, uint16_t port) {
  ListenerSettings out;
  out.name = "out";
  out.service = std::move(service);
  out.port = port;
  return out;
}

ListenerSettings inbound(InboundTls tls) {
  ListenerSettings out;
  out.name = "in";
  out.direction = Direction::kInbound;
  out.tls = tls;
  out.forward = *Address::parse("127.0.0.1:3306");
  return out;
}

TEST(ListenerDetection, NamesTheDestination) {
  EXPECT_EQ(destination_of(outbound("db.shop", 3306)), "db.shop:3306");
  EXPECT_EQ(destination_of(outbound("db.shop", 0)), "db.shop");
  EXPECT_EQ(destination_of(inbound(InboundTls::kOff)), "127.0.0.1:3306");
  EXPECT_EQ(destination_of(outbound("", 0)), "");
}

TEST(ListenerDetection, IsNotThereWhereTheProtocolIsDeclared) {
  for (PortProtocol declared : {PortProtocol::kTcp, PortProtocol::kHttp, PortProtocol::kHttp2, PortProtocol::kGrpc}) {
    ListenerSettings listener = inbound(InboundTls::kStrict);
    listener.protocol = declared;
    EXPECT_FALSE(detector_spec(listener).has_value());
  }
}

TEST(ListenerDetection, AdvisesToDeclareTcp) {
  EXPECT_EQ(detector_spec(outbound("db.shop", 3306))->setting, "listener \"out\": protocol: tcp");
  EXPECT_EQ(detector_spec(inbound(InboundTls::kOff))->setting, "listener \"in\": protocol: tcp");
}

TEST(ListenerDetection, OfAListenerByHostHasNowhereToCarryTcpTo) {
  auto spec = detector_spec(outbound("", 0));

  ASSERT_TRUE(spec.has_value());
  EXPECT_FALSE(spec->may_be_tcp);
  EXPECT_EQ(spec->destination, "out");
  EXPECT_THAT(spec->setting, HasSubstr("a listener of its own"));
}

TEST(ListenerDetection, LooksForTlsOnAPermissivePortOfTcp) {
  ListenerSettings listener = inbound(InboundTls::kPermissive);
  listener.protocol = PortProtocol::kTcp;

  auto spec = detector_spec(listener);

  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->moment, Detector::kPermissiveMoment);
  EXPECT_THAT(spec->setting, HasSubstr("strict or off"));
}
}  // namespace
}  // namespace heddle
