#include "proxy/app/bootstrap.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr char kWhole[] = R"(
node: hello-1
trustDomain: example.org
namespace: shop
zone: east
stateDir: /var/lib/heddle
workers: 2
identity: {source: control, joinTokenFile: /run/token}
control: {addresses: ["127.0.0.1:15010", "[::1]:15010"], bundle: /etc/heddle/root.pem}
config: {source: control}
listeners:
  - {name: out, direction: outbound, address: "127.0.0.1:7000", service: hello.shop, port: 80}
  - {name: in, direction: inbound, address: "127.0.1.1:15006", protocol: tcp, tls: permissive, forward: "127.0.0.1:6379"}
admin: {address: "127.0.0.1:15000", socket: /run/heddle/admin.sock}
health: {address: "0.0.0.0:15020"}
stats: {address: "127.0.0.1:7001"}
accessLog: {mode: sample, sample: 10, file: /var/log/access.json}
log: {level: "warn,watch=debug", format: text}
drain: {deadline: 10s}
)";

std::string problems_of(std::string_view yaml) {
  auto parsed = parse_bootstrap(yaml, "proxy.yaml");
  return parsed ? "" : parsed.error().detail;
}

TEST(Bootstrap, ReadsEveryKey) {
  auto settings = parse_bootstrap(kWhole, "proxy.yaml");

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->node, "hello-1");
  EXPECT_EQ(settings->zone, "east");
  EXPECT_EQ(settings->identity.id->text(), "spiffe://example.org/ns/shop/sa/hello-1");
  EXPECT_EQ(settings->control.id->text(), "spiffe://example.org/ns/heddle-system/sa/heddle-control");
  EXPECT_EQ(settings->control.addresses.size(), 2U);
  EXPECT_EQ(settings->listeners[1].forward_protocol, UpstreamProtocol::kTcp);
  EXPECT_EQ(settings->access_log.sample, 10U);
  EXPECT_EQ(settings->drain, Duration(10s));
  EXPECT_EQ(settings->drain_accept, Duration(2s));
  EXPECT_FALSE(settings->log.json);
}

TEST(Bootstrap, NamesEveryProblemWithItsPath) {
  std::string text = problems_of(
      "workers: 0\nlisteners:\n  - {name: a, direction: sideways, address: nowhere}\n"
      "  - {name: a, direction: inbound, address: \"127.0.0.1:1\", tls: off}\nunknownKey: 1\n");

  EXPECT_NE(text.find("workers: "), std::string::npos) << text;
  EXPECT_NE(text.find("listeners[0].direction: expected one of outbound, inbound"), std::string::npos) << text;
  EXPECT_NE(text.find("listeners[0].address: "), std::string::npos) << text;
  EXPECT_NE(text.find("listeners[1]: the name \"a\" stands twice"), std::string::npos) << text;
  EXPECT_NE(text.find("listeners[1].forward: is required"), std::string::npos) << text;
  EXPECT_NE(text.find("unknownKey"), std::string::npos) << text;
}

TEST(Bootstrap, WantsAnIdentityForTlsListeners) {
  std::string text = problems_of(
      "listeners:\n  - {name: a, direction: inbound, address: \"127.0.0.1:1\", forward: \"127.0.0.1:2\"}\n");

  EXPECT_NE(text.find("listeners[0].tls: needs an identity"), std::string::npos) << text;
}

TEST(Bootstrap, ReadsWhatAnInboundListenerSaysAboutCallers) {
  std::string listener =
      "listeners:\n  - {name: a, direction: inbound, tls: off, address: \"127.0.0.1:1\", forward: \"127.0.0.1:2\"";

  auto usual = parse_bootstrap(listener + "}\n", "proxy.yaml");
  auto other = parse_bootstrap(listener + ", forwardClientCert: off, trustForwarded: all}\n", "proxy.yaml");

  EXPECT_EQ(usual->listeners[0].forward_client_cert, ForwardClientCert::kSet);
  EXPECT_EQ(usual->listeners[0].trust_forwarded, TrustForwarded::kMesh);
  EXPECT_EQ(other->listeners[0].forward_client_cert, ForwardClientCert::kOff);
  EXPECT_EQ(other->listeners[0].trust_forwarded, TrustForwarded::kAll);
  EXPECT_NE(problems_of(listener + ", forwardClientCert: append}\n").find("listeners[0].forwardClientCert: "),
            std::string::npos);
}

TEST(Bootstrap, OutboundListenersSayNothingAboutCallers) {
  std::string text = problems_of(
      "config: {source: files, path: x}\n"
      "listeners:\n  - {name: a, direction: outbound, address: \"127.0.0.1:1\", trustForwarded: all}\n");

  EXPECT_NE(text.find("listeners[0].trustForwarded: "), std::string::npos) << text;
}

TEST(Bootstrap, LooksForNoProxyHeaderUnlessToldTo) {
  std::string files = "config: {source: files, path: x}\nlisteners:\n";
  std::string out = files + "  - {name: a, direction: outbound, address: \"127.0.0.1:1\"";
  std::string in =
      files + "  - {name: a, direction: inbound, tls: off, address: \"127.0.0.1:1\", forward: \"127.0.0.1:2\"";

  for (const std::string& listener : {out, in}) {
    EXPECT_FALSE(parse_bootstrap(listener + "}\n", "proxy.yaml")->listeners[0].proxy_protocol);
    EXPECT_FALSE(parse_bootstrap(listener + ", proxyProtocol: off}\n", "proxy.yaml")->listeners[0].proxy_protocol);
    EXPECT_TRUE(parse_bootstrap(listener + ", proxyProtocol: required}\n", "proxy.yaml")->listeners[0].proxy_protocol);
    // Section 2 of the specification: never guess whether a header is there.
    for (const char* value : {"optional", "v1", "true", "[]"}) {
      EXPECT_NE(problems_of(listener + ", proxyProtocol: " + value + "}\n").find("listeners[0].proxyProtocol: "),
                std::string::npos);
    }
  }
}

TEST(Bootstrap, TellsTheApplicationWhoCallsOnPortsOfOpaqueTcpOnly) {
  std::string listener =
      "listeners:\n  - {name: a, direction: inbound, tls: off, address: \"127.0.0.1:1\", forward: \"127.0.0.1:2\"";
  auto version_of = [&](const std::string& value) {
    return parse_bootstrap(listener + ", protocol: tcp" + value + "}\n", "proxy.yaml")
        ->listeners[0]
        .forward_proxy_protocol;
  };

  EXPECT_EQ(version_of(""), std::nullopt);
  EXPECT_EQ(version_of(", forwardProxyProtocol: v1"), ProxyVersion::kV1);
  EXPECT_EQ(version_of(", forwardProxyProtocol: v2"), ProxyVersion::kV2);
  for (const char* protocol : {"auto", "http", "http2", "grpc"}) {
    std::string text = problems_of(listener + ", forwardProxyProtocol: v1, protocol: " + protocol + "}\n");
    EXPECT_NE(text.find("listeners[0].forwardProxyProtocol: needs protocol: tcp"), std::string::npos) << text;
  }
  EXPECT_NE(
      problems_of(listener + ", protocol: tcp, forwardProxyProtocol: v3}\n").find("forwardProxyProtocol: expected"),
      std::string::npos);
}

TEST(Bootstrap, OutboundListenersTellNoApplication) {
  std::string text = problems_of(
      "config: {source: files, path: x}\nlisteners:\n  - {name: a, direction: outbound, address: \"127.0.0.1:1\", "
      "protocol: tcp, service: a, forwardProxyProtocol: v2}\n");

  EXPECT_NE(text.find("listeners[0].forwardProxyProtocol: "), std::string::npos) << text;
}

// X509-SVID §3.1.
TEST(Bootstrap, TheIdOfAWorkloadHasAPath) {
  EXPECT_NE(problems_of("identity: {source: control, id: \"spiffe://td\"}\n").find("identity.id: has no path"),
            std::string::npos);
  EXPECT_NE(problems_of("identity: {source: control, id: \"spiffe://td/\"}\n").find("identity.id: "),
            std::string::npos);
}

TEST(Bootstrap, WantsAServiceForOpaqueTcp) {
  std::string text = problems_of(
      "config: {source: files, path: x}\n"
      "listeners:\n  - {name: a, direction: outbound, address: \"127.0.0.1:1\", protocol: tcp}\n");

  EXPECT_NE(text.find("listeners[0].service: is required for protocol tcp"), std::string::npos) << text;
}

TEST(Bootstrap, RefusesAnAdminAddressThatOthersCanReach) {
  EXPECT_NE(problems_of("admin: {address: \"0.0.0.0:15000\"}\n").find("must be loopback"), std::string::npos);
}

TEST(Bootstrap, WantsAStateDirectoryForTheAdminsToken) {
  EXPECT_NE(problems_of("admin: {address: \"127.0.0.1:1\"}\n").find("stateDir: is required with admin.address"),
            std::string::npos);
  EXPECT_EQ(problems_of("admin: {socket: /run/admin.sock}\n"), "");
}

TEST(Bootstrap, RefusesALogLevelThatIsNone) {
  EXPECT_NE(problems_of("log: {level: \"warn,watch=loud\"}\n").find("log.level: "), std::string::npos);
}

TEST(Bootstrap, RefusesAListenerOnAUnixSocket) {
  std::string text = problems_of(
      "listeners:\n  - {name: a, direction: inbound, tls: off, address: \"unix:/a\", forward: \"127.0.0.1:2\"}\n");

  EXPECT_NE(text.find("listeners[0].address: must be an IP address"), std::string::npos) << text;
}

TEST(Bootstrap, RefusesAnAddressThatTwoWouldTake) {
  std::string inbound =
      "listeners: [{name: a, direction: inbound, tls: off, address: \"0.0.0.0:1\", forward: \"127.0.0.1:2\"}]\n";

  EXPECT_NE(problems_of(inbound + "health: {address: \"127.0.0.1:1\"}\n")
                .find("health.address: 127.0.0.1:1 is taken by listeners[0].address: 0.0.0.0:1"),
            std::string::npos);
  EXPECT_NE(problems_of("health: {address: \"[::1]:1\"}\nstats: {address: \"[::1]:1\"}\n").find("stats.address: "),
            std::string::npos);
  EXPECT_EQ(problems_of("health: {address: \"[::1]:0\"}\nstats: {address: \"[::1]:0\"}\n"), "");
  EXPECT_EQ(problems_of(inbound + "health: {address: \"[::1]:1\"}\n"), "");
}

TEST(Bootstrap, AcceptsForFiveSecondsOfADrainOrAsItSays) {
  EXPECT_EQ(parse_bootstrap("node: a\n", "proxy.yaml")->drain_accept, Duration(5s));
  EXPECT_EQ(parse_bootstrap("drain: {deadline: 1h}\n", "proxy.yaml")->drain_accept, Duration(5s));
  EXPECT_EQ(parse_bootstrap("drain: {accept: 0s}\n", "proxy.yaml")->drain_accept, Duration{});
  EXPECT_NE(problems_of("drain: {deadline: 4s, accept: 4s}\n").find("drain.accept: must be shorter"),
            std::string::npos);
}

TEST(Bootstrap, NamesTheKeysThatNeedARestart) {
  auto running = parse_bootstrap(kWhole, "proxy.yaml");
  auto wanted = parse_bootstrap(kWhole, "proxy.yaml");
  wanted->workers = 3;
  wanted->drain = 1s;
  wanted->listeners[0].port = 81;

  EXPECT_EQ(keys_that_need_restart(*running, *wanted), (std::vector<std::string>{"workers", "listeners"}));
}

TEST(Bootstrap, ReloadsLogLevelAccessLogModeAndDrain) {
  auto running = parse_bootstrap(kWhole, "proxy.yaml");
  auto wanted = parse_bootstrap(kWhole, "proxy.yaml");
  wanted->drain = 1s;
  wanted->log.filter = "debug";
  wanted->access_log.mode = AccessLogSettings::Mode::kAll;

  EXPECT_TRUE(keys_that_need_restart(*running, *wanted).empty());
}

constexpr char kSpire[] = "identity: {source: spire, socket: \"unix:///run/spire/agent.sock\"";

TEST(Bootstrap, ReadsAnIdentityOfAWorkloadApi) {
  auto usual = parse_bootstrap(std::string(kSpire) + "}\n", "proxy.yaml");
  auto named = parse_bootstrap(std::string(kSpire) + ", id: \"spiffe://cluster.local/a\"}\n", "proxy.yaml");

  ASSERT_TRUE(usual) << usual.error().detail;
  EXPECT_EQ(usual->identity.source, IdentitySettings::Source::kSpire);
  EXPECT_EQ(usual->identity.workload_socket.path(), "/run/spire/agent.sock");
  EXPECT_FALSE(usual->identity.id);
  EXPECT_EQ(named->identity.id->text(), "spiffe://cluster.local/a");
}

TEST(Bootstrap, RefusesKeysOfOtherIdentitySources) {
  std::string text = problems_of(std::string(kSpire) + ", persist: false, joinTokenFile: /run/token}\n");

  EXPECT_NE(text.find("identity.persist"), std::string::npos) << text;
  EXPECT_NE(text.find("identity.joinTokenFile"), std::string::npos) << text;
}

TEST(Bootstrap, ReadsWhereTheWorkloadApiIsServed) {
  std::string served = std::string(kSpire) + "}\nworkloadApi: {socket: /run/heddle/workload.sock";

  auto usual = parse_bootstrap(served + "}\n", "proxy.yaml");
  auto shared = parse_bootstrap(served + ", mode: \"0660\"}\n", "proxy.yaml");

  ASSERT_TRUE(usual) << usual.error().detail;
  EXPECT_EQ(usual->workload_api.socket->path(), "/run/heddle/workload.sock");
  EXPECT_EQ(usual->workload_api.mode, 0600U);
  EXPECT_EQ(shared->workload_api.mode, 0660U);
  EXPECT_EQ(keys_that_need_restart(*usual, *shared), std::vector<std::string>{"workloadApi"});
}

TEST(Bootstrap, RefusesToServeTheSocketItAsks) {
  std::string text = problems_of(std::string(kSpire) + "}\nworkloadApi: {socket: /run/spire/agent.sock}\n");

  EXPECT_NE(text.find("workloadApi.socket: is the socket that identity.socket asks"), std::string::npos) << text;
}
}  // namespace
}  // namespace heddle
