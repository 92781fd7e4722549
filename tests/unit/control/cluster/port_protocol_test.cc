#include "control/cluster/port_protocol.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
using test::one_of_yaml;

PortProtocol of(std::string_view name, std::string_view app_protocol = "", uint16_t port = 80) {
  return protocol_of({name, app_protocol, port}, {});
}

TEST(PortProtocolOf, AnAppProtocolIsBelieved) {
  EXPECT_EQ(of("", "kubernetes.io/h2c"), PortProtocol::kHttp2);
  EXPECT_EQ(of("", "grpc"), PortProtocol::kGrpc);
  EXPECT_EQ(of("", "https"), PortProtocol::kTcp);
  EXPECT_EQ(of("", "kubernetes.io/ws"), PortProtocol::kHttp);
  EXPECT_EQ(of("http", "mysql"), PortProtocol::kTcp) << "it comes before the name";
}

TEST(PortProtocolOf, OneThatNobodyKnowsIsFoundOut) {
  EXPECT_EQ(of("http", "example.com/own"), PortProtocol::kAuto) << "and the name does not overrule it";
}

TEST(PortProtocolOf, TheNameSaysItUpToTheFirstDash) {
  EXPECT_EQ(of("http-admin"), PortProtocol::kHttp);
  EXPECT_EQ(of("grpc"), PortProtocol::kGrpc);
  EXPECT_EQ(of("grpc-web"), PortProtocol::kHttp);
  EXPECT_EQ(of("grpc-website"), PortProtocol::kGrpc);
  EXPECT_EQ(of("redis-cache"), PortProtocol::kTcp);
  EXPECT_EQ(of("httpd"), PortProtocol::kAuto);
  EXPECT_EQ(of("web"), PortProtocol::kAuto);
}

TEST(PortProtocolOf, ServersThatSpeakFirstAreKnownByTheirPort) {
  EXPECT_EQ(of("", "", 3306), PortProtocol::kTcp);
  EXPECT_EQ(of("http", "", 6379), PortProtocol::kHttp) << "a name says more than a number";
}

TEST(PortHintsOf, OurAnnotationsComeFirst) {
  ClusterProblems problems;
  PortHints hints = read_port_hints(one_of_yaml(R"(
metadata: {annotations: {heddle.dev/protocol: "http, 9000=grpc", heddle.dev/opaque-ports: "5433"}})"),
                                    "Service a/b", problems);

  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(protocol_of({"grpc", "grpc", 80}, hints), PortProtocol::kHttp);
  EXPECT_EQ(protocol_of({"", "", 9000}, hints), PortProtocol::kGrpc);
  EXPECT_EQ(protocol_of({"", "", 5433}, hints), PortProtocol::kTcp);
}

TEST(PortHintsOf, WrongWordsAreSaid) {
  ClusterProblems problems;
  read_port_hints(one_of_yaml(R"(
metadata: {annotations: {heddle.dev/protocol: "quic,x=http,0=http", heddle.dev/opaque-ports: "all"}})"),
                  "Service a/b", problems);

  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(
      problems[0].text(),
      "Service a/b: metadata.annotations[heddle.dev/protocol]: \"quic\": expected auto, http, http2, grpc or tcp, "
      "or PORT=one of them");
  EXPECT_EQ(problems[3].text(),
            "Service a/b: metadata.annotations[heddle.dev/opaque-ports]: \"all\": expected port numbers with commas");
}
}  // namespace
}  // namespace heddle
