#include "lib/api/watch_messages.h"

#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
ResourceKey service(std::string_view name) { return *ResourceKey::make(Kind::kService, "default", name); }
constexpr std::string_view kHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

RequestFact whole_fact() {
  RequestFact fact;
  fact.direction = FactDirection::kInbound;
  fact.version = {2, 7};
  fact.method = "GET";
  fact.host = "hello.default:80";
  fact.path = "/a \"b\"";
  fact.peer = "spiffe://cluster.local/ns/default/sa/web";
  fact.ns = "default";
  fact.service = "Service/default/hello";
  fact.port = 8080;
  fact.draw = UINT64_MAX;
  fact.headers = {{"x-user", "anna"}, {"x-user", ""}, {"x-none", std::nullopt}};
  fact.query = {{"v", "1%202"}, {"w", std::nullopt}};
  fact.secrets = {{"cookie", "Exact a=b", true}, {"authorization", "present", false}};
  fact.reason = "authz-denied";
  fact.route = "HTTPRoute/default/hello#0";
  fact.backend_set = "BackendSet/default/hello";
  fact.policy = "AuthorizationPolicy/default/only-web#none";
  return fact;
}

RequestFact small_fact() {
  RequestFact fact;
  fact.version = {1, 1};
  return fact;
}

std::string_view without_newline(const std::string& line) { return std::string_view(line).substr(0, line.size() - 1); }

SidecarMessage sidecar_message(std::string_view line) { return *decode_sidecar_message(line); }

void expect_refused(std::string_view line, std::string_view why) {
  Result<SidecarMessage> message = decode_sidecar_message(line);
  ASSERT_FALSE(message.has_value()) << line;
  EXPECT_NE(message.error().detail.find(why), std::string::npos) << message.error().detail;
}

void expect_control_refused(std::string_view line, std::string_view why) {
  Result<ControlMessage> message = decode_control_message(line);
  ASSERT_FALSE(message.has_value()) << line;
  EXPECT_NE(message.error().detail.find(why), std::string::npos) << message.error().detail;
}

class SidecarMessages : public testing::TestWithParam<SidecarMessage> {};
TEST_P(SidecarMessages, ComeBackFromTheirLine) {
  std::string line = encode(GetParam());

  ASSERT_TRUE(line.ends_with('\n'));
  Result<SidecarMessage> back = decode_sidecar_message(without_newline(line));

  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_EQ(*back, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    WatchMessages, SidecarMessages,
    testing::Values(WatchHello{.node = "n1", .software = "0.1.0", .features = {"a"}, .wants = {service("x")}},
                    WatchHello{.node = "n1", .software = "0.1.0", .wants = {}, .instance = "0a"},
                    WatchHello{.node = "n1",
                               .software = "0.1.0",
                               .features = {},
                               .scope = WatchScope::kEverything,
                               .version = Version{2, 7},
                               .hash = std::string(kHash),
                               .wants = {}},
                    WatchWant{{service("a"), service("b")}, {service("c")}}, WatchWant{},
                    WatchWant{{}, {}, {*Address::parse("10.96.0.10:80"), *Address::parse("[fd00:96::10]:80")}},
                    WatchAck{{1, 5}},
                    WatchNack{{1, 5}, {{"HTTPRoute/default/r", "spec.rules[0]", "line\nbreak \"quoted\""}}},
                    WatchReport{{{"requests", UINT64_MAX}, {"errors", 0}}, 1500ms},
                    WatchReport{{{"outbound.requests", 7}}, 0ms, Version{1, 9}},
                    WatchReport{{}, 0ms, {}, -90'000ms, {{"shop/cart", 0, 2}, {"shop/pay", 1, 1}}},
                    WatchTrustInUse{std::string(kHash), std::string(kHash)}, WatchTrustInUse{std::string(kHash)},
                    WatchTrustInUse{std::string(kHash), "", std::string(kHash)},
                    WatchFacts{7, {whole_fact(), small_fact()}, 48'000, true}, WatchFacts{0, {}, 0, false},
                    WatchIgnored{"future"}));

// Whoever is told why something was refused gets what there is room for; a text that is too long must not cost the
// stream.
TEST(WatchMessages, TextsOfARefusalAreCutToWhatIsTaken) {
  std::string fits(kMaxNackMessage, 'a');
  std::string odd = fits.substr(1) + "\u00e9";  // a character that begins within the limit and ends beyond it
  std::string broken(kMaxNackMessage, '\xff');  // each byte is read as U+FFFD, three bytes
  for (const auto& [said, read] : std::vector<std::pair<std::string, size_t>>{
           {fits, 1024}, {fits + "b", 1024}, {odd, 1023}, {broken, 1023}, {fits.substr(9) + "\xc3", 1018}}) {
    auto back =
        decode_sidecar_message(without_newline(encode(SidecarMessage(WatchNack{{1, 5}, {{said, said, said}}}))));
    ASSERT_TRUE(back.has_value()) << back.error().text();
    const WatchNackError& error = std::get<WatchNack>(*back).errors.at(0);
    EXPECT_EQ(error.resource.size(), read);
    EXPECT_EQ(error.path.size(), read);
    EXPECT_EQ(error.message.size(), read);
  }
}

class ControlMessages : public testing::TestWithParam<ControlMessage> {};
TEST_P(ControlMessages, ComeBackFromTheirLine) {
  std::string line = encode(GetParam());

  ASSERT_TRUE(line.ends_with('\n'));
  Result<ControlMessage> back = decode_control_message(without_newline(line));

  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_EQ(*back, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    WatchMessages, ControlMessages,
    testing::Values(
        WatchBegin{BatchKind::kSnapshot, std::nullopt, {1, 5}}, WatchBegin{BatchKind::kDelta, Version{1, 4}, {1, 5}},
        WatchPut{service("a"), R"({"kind":"Service","a":"}\" { "})"}, WatchDelete{service("a")},
        WatchEnd{{1, 5}, std::string(kHash)}, WatchHeartbeat{{1, 5}, WallTime(1'700'000'000'123ms), Version{1, 4}},
        WatchHeartbeat{{1, 5}, WallTime(1'700'000'000'123ms), std::nullopt}, WatchRetryAfter{1500ms}, WatchDrain{},
        WatchUnknown{{service("ghost")}}, WatchAddresses{},
        WatchAddresses{{{*Address::parse("10.96.0.10:80"), service("a")}}, {*Address::parse("[2001:db8::1]:443")}},
        WatchTrust{std::string(kHash), 2500ms, R"({"keys":[]})"},
        WatchTrust{
            std::string(kHash), 2500ms, R"({"keys":[]})", {{"a.test", R"({"keys":[]})"}, {"b.test", R"({"x":"\"}"})"}}},
        WatchFactsRequest{7, 1000}, WatchFactsRequest{}, WatchIgnored{"future"}));

TEST(WatchMessages, AddressesAreIpAddressesWithAPort) {
  EXPECT_EQ(encode(WatchWant{}).find("addresses"), std::string::npos) << "older control planes know none";
  for (std::string_view bad : {"10.0.0.1", "10.0.0.1:0", "unix:/a", "host:80", ""}) {
    expect_refused(str_cat(R"({"want":{"add":[],"drop":[],"addresses":[")", bad, R"("]}})"), "want.addresses[0]");
  }
  expect_control_refused(
      R"({"addresses":{"services":[{"address":"10.0.0.1:1","service":"BackendSet/a/b"}],"unknown":[]}})",
      "addresses.services[0].service");
}

std::string trust_line(std::string_view federated) {
  return "{\"trust\":{\"signer\":\"" + std::string(kHash) +
         R"(","renew_within_ms":1,"bundle":{"keys":[]},"federated":)" + std::string(federated) + "}}";
}

TEST(WatchMessages, TrustSaysNothingOfFederatedDomainsWhenThereAreNone) {
  EXPECT_EQ(encode(WatchTrust{std::string(kHash), 1ms, "{}"}).find("federated"), std::string::npos);
  EXPECT_EQ(encode(WatchTrustInUse{std::string(kHash)}).find("federated"), std::string::npos);
}

TEST(WatchMessages, ASidecarThatKnowsNoFederatedDomainsMaySkipThem) {
  std::string line = encode(WatchTrust{std::string(kHash), 1ms, "{}", {{"a.test", "{}"}}});

  EXPECT_NE(line.find(R"("ignorable":["federated"])"), std::string::npos) << line;
}

TEST(WatchMessages, OneBadFederatedDomainDoesNotSpoilTheTrustMessage) {
  Result<ControlMessage> message = decode_control_message(trust_line(R"({"NO domain":3,"b.test":{"keys":[]}})"));

  ASSERT_TRUE(message.has_value()) << message.error().detail;
  EXPECT_EQ(std::get<WatchTrust>(*message).federated,
            (FederatedTexts{{"NO domain", "3"}, {"b.test", R"({"keys":[]})"}}));
}

TEST(WatchMessages, FederatedDomainsAreAnObjectOfAtMost64) {
  std::string many = "{";
  for (size_t i = 0; i <= kMaxFederatedDomains; ++i) many += "\"d" + std::to_string(i) + "\":{},";
  many.back() = '}';

  expect_control_refused(trust_line("[]"), "trust.federated");
  expect_control_refused(trust_line("null"), "trust.federated");
  expect_control_refused(trust_line(many), "more than 64");
  expect_control_refused(trust_line(R"({"a":{},"a":{}})"), "a");
  expect_refused(R"({"trust":{"bundle":")" + std::string(kHash) + R"(","federated":"12"}})", "trust.federated");
}

TEST(WatchMessages, PutHasTheFixedForm) {
  std::string line = encode(WatchPut{service("a"), R"({"b":1,"a":2})"});

  EXPECT_EQ(line, "{\"put\":\"Service/default/a\",\"resource\":{\"b\":1,\"a\":2}}\n");
  EXPECT_EQ(line, encode_put("Service/default/a", R"({"b":1,"a":2})"));
}

TEST(WatchMessages, PutKeepsTheExactBytesOfTheResource) {
  ControlMessage message =
      *decode_control_message(R"({"put":"Service/default/a","resource":{ "z" : 1.0e0, "a":"\u0041"}})");

  EXPECT_EQ(std::get<WatchPut>(message).resource, R"({ "z" : 1.0e0, "a":"\u0041"})");
}

TEST(WatchMessages, PutOutsideItsFormIsRefused) {
  expect_control_refused(R"({"put":"Service/default/a"})", "without spaces");
  expect_control_refused(R"({"put":"Service/default/a", "resource":{}})", "without spaces");
  expect_control_refused(R"({"put":"Service/default/a","resource":[]})", "expected an object");
  expect_control_refused(R"({"put":"Service/default/a","resource":{},"x":{}})", "Service/default/a");
  expect_control_refused(R"({"put":"Service/default/a","resource":{"a":1,"a":2}})", "Service/default/a");
  expect_control_refused(R"({"put":"Service/../a","resource":{}})", "namespace");
  expect_control_refused(R"({"put":"Nothing/default/a","resource":{}})", "not a kind");
  expect_control_refused(R"({"put":")", "without spaces");
  expect_control_refused(R"({"resource":{},"put":"Service/default/a"})", "one message");
}

TEST(WatchMessages, AResourceAboveOneMebibyteIsTooLarge) {
  std::string resource = "{\"a\":\"" + std::string(kMaxResourceBytes, 'x') + "\"}";
  std::string line = encode_put("Service/default/a", resource);

  Result<ControlMessage> message = decode_control_message(without_newline(line));

  ASSERT_FALSE(message.has_value());
  EXPECT_EQ(message.error().reason, Reason::kTooLarge);
}

TEST(WatchMessages, AnUnknownMessageIsAnErrorUnlessMarked) {
  expect_refused(R"({"future":{}})", "\"future\" is not a message");
  expect_refused(R"({"future":{},"ignorable":false})", "\"future\" is not a message");
  EXPECT_EQ(sidecar_message(R"({"future":[1],"ignorable":true})"), SidecarMessage(WatchIgnored{"future"}));
}

TEST(WatchMessages, AnUnknownFieldIsAnErrorUnlessMarked) {
  expect_refused(R"({"ack":{"version":"1.2","shade":1}})", "ack.shade");
  EXPECT_EQ(sidecar_message(R"({"ack":{"version":"1.2","shade":1,"ignorable":["shade"]}})"),
            SidecarMessage(WatchAck{{1, 2}}));
}

TEST(WatchMessages, MessagesOfTheOtherDirectionAreUnknown) {
  expect_refused(R"({"drain":{}})", "not a message this side knows");
  expect_control_refused(R"({"ack":{"version":"1.2"}})", "not a message this side knows");
}

TEST(WatchMessages, ErrorsNameTheField) {
  expect_refused(R"({"ack":{"version":"x"}})", "ack.version");
  expect_refused(R"({"ack":{}})", "ack.version");
  expect_refused(R"({"ack":[]})", "ack");
  expect_refused(R"({"nack":{"version":"1.2","errors":[]}})", "nack.errors");
  expect_refused(R"({"nack":{"version":"1.2","errors":[{"path":"a"}]}})", "nack.errors[0].message");
  expect_refused(R"({"want":{"add":["HTTPRoute/default/a"]}})", "want.add[0]");
  expect_refused(R"({"want":{"add":[7]}})", "want.add[0]");
  expect_refused(R"({"hello":{"schema":1,"node":"","software":"x"}})", "hello.node");
  expect_refused(R"({"hello":{"schema":1,"node":"n","software":"x","version":"1.2"}})", "hello.hash");
  expect_refused(R"({"hello":{"schema":1,"node":"n","software":"x","version":"1.2","hash":"zz"}})", "hello.hash");
  expect_refused(R"({"hello":{"schema":1,"node":"n","software":"x","scope":"all"}})", "hello.scope");
  expect_refused(R"({"report":{"counters":{"a":-1},"lag_ms":0}})", "report.counters.a");
  expect_refused(R"({"report":{"counters":{},"lag_ms":-1}})", "report.lag_ms");
  expect_refused(R"({"report":{"lag_ms":0,"clock_ahead_ms":"1"}})", "report.clock_ahead_ms");
  expect_refused(R"({"report":{"lag_ms":0,"backends":[{"set":"a/b","up":1,"down":-1}]}})", "report.backends[0].down");
  expect_control_refused(R"({"begin":{"kind":"delta","to":"1.2"}})", "begin.from");
  expect_control_refused(R"({"begin":{"kind":"snapshot","from":"1.1","to":"1.2"}})", "begin.from");
  expect_control_refused(R"({"begin":{"to":"1.2"}})", "begin.kind");
  expect_control_refused(R"({"heartbeat":{"version":"1.2","time":"noon"}})", "heartbeat.time");
  expect_control_refused(R"({"end":{"version":"1.2","hash":"12"}})", "end.hash");
}

TEST(WatchMessages, ALineIsExactlyOneObject) {
  expect_refused("", "");
  expect_refused("[]", "expected an object");
  expect_refused("{}", "found none");
  expect_refused(R"({"ack":{"version":"1.2"},"want":{}})", "one message");
  expect_refused(R"({"ack":{"version":"1.2"}} {})", "");
  expect_refused(std::string(100'000, '['), "");
}

TEST(WatchMessages, MoreWantsThanAllowedAreRefused) {
  WatchWant want;
  for (size_t i = 0; i <= kMaxWants; ++i) want.add.push_back(service("s" + std::to_string(i)));

  expect_refused(without_newline(encode(SidecarMessage(want))), "want.add");
}

TEST(WatchMessages, TheLargestHelloFitsItsLine) {
  WatchHello hello{.node = std::string(kMaxNodeName, 'n'), .software = "1", .features = {}, .wants = {}};
  std::string ns(63, 'a');
  std::string label(62, 'b');
  for (size_t i = 0; i < kMaxWants; ++i) {
    std::string name = label + "." + label + "." + label + ".b" + std::to_string(1000 + i);
    hello.wants.push_back(*ResourceKey::make(Kind::kService, ns, name));
  }
  std::string line = encode(SidecarMessage(hello));

  EXPECT_LT(line.size(), kMaxSidecarLine);
  EXPECT_EQ(sidecar_message(without_newline(line)), SidecarMessage(hello));
}

TEST(WatchMessages, EveryTruncationOfALineIsRefused) {
  std::string line = encode(ControlMessage(WatchPut{service("a"), R"({"a":{"b":[1,"x"]}})"}));
  size_t accepted = 0;

  for (size_t size = 0; size + 1 < line.size(); ++size) {
    accepted += decode_control_message(std::string_view(line).substr(0, size)).has_value() ? 1 : 0;
  }

  EXPECT_EQ(accepted, 0U);
}
}  // namespace
}  // namespace heddle
