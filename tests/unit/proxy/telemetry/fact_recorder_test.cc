#include "proxy/telemetry/fact_recorder.h"

#include <gtest/gtest.h>

#include <set>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
ResourceKey key(Kind kind, std::string_view name) { return *ResourceKey::make(kind, "default", name); }

TEST(FactRing, RemembersTheLastOnes) {
  FactRing ring(3);

  for (int i = 0; i < 5; ++i) ring.next().append(FactSlot::Tag::kPath, "/" + std::to_string(i));

  FactSlots slots = ring.copy();
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(fact_of(slots[0]).path, "/2");
  EXPECT_EQ(fact_of(slots[2]).path, "/4");
  EXPECT_EQ(ring.find(2), nullptr);
  EXPECT_NE(ring.find(3), nullptr);
  EXPECT_EQ(ring.find(6), nullptr);
  EXPECT_EQ(ring.find(0), nullptr);
}

TEST(FactRing, WhatIsTakenBackIsNotThere) {
  FactRing ring(2);
  ring.next();
  ring.next().append(FactSlot::Tag::kPath, "/kept");
  ring.next();

  ring.drop_last();

  FactSlots slots = ring.copy();
  ASSERT_EQ(slots.size(), 1u);
  EXPECT_EQ(fact_of(slots[0]).path, "/kept");
  ring.next().append(FactSlot::Tag::kPath, "/next");
  EXPECT_EQ(fact_of(ring.copy().back()).path, "/next");
}

TEST(FactRing, ATextThatDoesNotFitIsLeftOutWhole) {
  FactRing ring(1);
  FactSlot& slot = ring.next();

  EXPECT_TRUE(slot.append(FactSlot::Tag::kHeader, "a", std::string(1000, 'x')));
  EXPECT_FALSE(slot.append(FactSlot::Tag::kHeader, "b", std::string(1000, 'x')));
  EXPECT_TRUE(slot.append(FactSlot::Tag::kHeader, "c", std::string(900, 'x')));

  RequestFact fact = fact_of(slot);
  ASSERT_EQ(fact.headers.size(), 2u);
  EXPECT_EQ(fact.headers[1].name, "c");
  EXPECT_EQ(fact.headers[1].value->size(), 900u);
}

class FactRecorderTest : public testing::Test {
 protected:
  FactRecorderTest() { obey(""); }
  // A configuration whose only route has these matches.
  void obey(std::string_view matches) {
    std::string route(matches.empty() ? "" : R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{group: '', kind: Service, name: hello}]
  rules: [{matches: )" + std::string(matches) + ", backendRefs: [{name: hello, port: 80}]}]\n");
    recorder_.set_config({3, 14}, KeptNames::of(model_of(service_yaml("hello") + route), nullptr));
  }
  RequestHead request(std::string_view path = "/a?v=1", std::string_view method = "GET",
                      std::string_view host = "hello:80") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method(method) && head.set_scheme("http") && head.set_authority(host) && head.set_path(path));
    return head;
  }
  RequestHead with(std::vector<std::pair<std::string, std::string>> fields) {
    RequestHead head = request();
    for (const auto& [name, value] : fields) EXPECT_TRUE(head.fields().add(name, value));
    return head;
  }
  RequestFact kept(const RequestHead& head) {
    EXPECT_NE(recorder_.begin({outbound_, head}), 0u);
    return fact_of(recorder_.copy().back());
  }

  BlockPool pool_;
  SeededRandom random_{4};
  FactOrigin outbound_;
  FactRecorder recorder_{4, random_};
};

TEST_F(FactRecorderTest, OneOfSixteenIsDueAndNotByAFixedStep) {
  size_t due = 0;
  std::set<size_t> gaps;
  size_t gap = 0;
  for (int i = 0; i < 160'000; ++i) {
    ++gap;
    if (!recorder_.is_due()) continue;
    ++due;
    gaps.insert(std::exchange(gap, 0));
  }

  EXPECT_NEAR(static_cast<double>(due), 10'000, 400);  // four standard deviations are 220
  EXPECT_GE(*gaps.begin(), 1u);
  EXPECT_LE(*gaps.rbegin(), 31u);
  EXPECT_GT(gaps.size(), 25u);
}

TEST_F(FactRecorderTest, AFactSaysHowManyRequestsItStandsFor) {
  RequestHead head = request();
  uint64_t seen = 0;
  for (size_t kept_ones = 0; kept_ones < 2;) {
    ++seen;
    if (!recorder_.is_due()) continue;
    recorder_.begin({outbound_, head});
    ++kept_ones;
  }

  FactSlots slots = recorder_.copy();
  EXPECT_EQ(slots[0].stands_for + slots[1].stands_for, seen);
}

TEST_F(FactRecorderTest, WritesWhatWasDecided) {
  ResourceKey route = key(Kind::kHttpRoute, "r");
  ResourceKey set = key(Kind::kBackendSet, "hello");
  RequestHead head = request();

  uint64_t ticket = recorder_.begin({outbound_, head, {}, 77, &route, 2, &set});
  recorder_.finish(ticket, Reason::kTimeout);

  RequestFact fact = fact_of(recorder_.copy().back());
  EXPECT_EQ(fact.direction, FactDirection::kOutbound);
  EXPECT_EQ(fact.version, (Version{3, 14}));
  EXPECT_EQ(fact.method, "GET");
  EXPECT_EQ(fact.host, "hello:80");
  EXPECT_EQ(fact.path, "/a") << "without query";
  EXPECT_EQ(fact.draw, 77u);
  EXPECT_EQ(fact.route, "HTTPRoute/default/r#2");
  EXPECT_EQ(fact.backend_set, "BackendSet/default/hello");
  EXPECT_EQ(fact.reason, info(Reason::kTimeout).name);
}

TEST_F(FactRecorderTest, WritesWhoCameInAndWhoDenied) {
  FactOrigin inbound{FactDirection::kInbound, 8080};
  RequestHead head = request();

  uint64_t ticket = recorder_.begin({inbound, head, "spiffe://cluster.local/ns/default/sa/web"});
  recorder_.finish(ticket, Reason::kAuthzDenied);
  recorder_.note_policy(ticket, key(Kind::kAuthorizationPolicy, "p"), "none");

  RequestFact fact = fact_of(recorder_.copy().back());
  EXPECT_EQ(fact.direction, FactDirection::kInbound);
  EXPECT_EQ(fact.port, 8080);
  EXPECT_EQ(fact.peer, "spiffe://cluster.local/ns/default/sa/web");
  EXPECT_EQ(fact.reason, "authz-denied");
  EXPECT_EQ(fact.policy, "AuthorizationPolicy/default/p#none");
}

TEST_F(FactRecorderTest, KeepsFieldsThatARuleNamesAndNoOthers) {
  obey(R"([{headers: [{name: x-user, value: a}, {name: x-none, value: a}]}])");

  RequestFact fact = kept(with({{"x-user", "anna"}, {"x-other", "secret"}, {"x-user", "bert"}}));

  EXPECT_EQ(fact.headers, (std::vector<KeptField>{{"x-none", std::nullopt}, {"x-user", "anna"}, {"x-user", "bert"}}));
}

TEST_F(FactRecorderTest, KeepsQueryParametersThatARuleNamesAsTheyWereSent) {
  obey(R"([{queryParams: [{name: v, value: "2"}, {name: w, value: "2"}]}])");
  RequestHead head = request("/a?x=hidden&v=1%202&v=3");

  RequestFact fact = kept(head);

  EXPECT_EQ(fact.query, (std::vector<KeptField>{{"v", "1%202"}, {"w", std::nullopt}}));
}

TEST_F(FactRecorderTest, OfSecretsOnlyWhatTheyMatchedIsKept) {
  obey(R"([{headers: [{name: authorization, value: "Bearer x"}]}, {headers: [{name: authorization, value: "Bearer y"}]},
           {headers: [{name: cookie, type: RegularExpression, value: ".*canary.*"}]}])");

  RequestFact fact = kept(with({{"authorization", "Bearer y"}, {"proxy-authorization", "Basic z"}}));

  EXPECT_TRUE(fact.headers.empty());
  EXPECT_EQ(fact.secrets, (std::vector<KeptMatch>{{"authorization", "Exact Bearer x", false},
                                                  {"authorization", "Exact Bearer y", true},
                                                  {"authorization", "present", true},
                                                  {"cookie", "RegularExpression .*canary.*", false},
                                                  {"cookie", "present", false}}));
}

TEST_F(FactRecorderTest, NoByteOfASecretIsInTheRing) {
  obey(R"([{headers: [{name: authorization, value: asked}]}, {headers: [{name: cookie, value: asked}]}])");

  RequestHead head = with({{"authorization", "token-1"}, {"cookie", "token-2"}, {"x-other", "token-3"}});
  recorder_.begin({outbound_, head});

  FactSlots slots = recorder_.copy();
  std::string_view text(slots.back().text.data(), slots.back().used);
  EXPECT_EQ(text.find("token"), std::string_view::npos);
}

// Of answers nothing is remembered at all: begin() sees the head of the request, finish() a reason. So set-cookie could
// only stand in a request, and is on the list.
TEST_F(FactRecorderTest, NoValueOfASecretIsKeptThoughRulesNameIt) {
  std::string matches = "[";
  std::vector<std::pair<std::string, std::string>> sent{{"x-forwarded-client-cert", "token-1"}};  // no rule may name it
  for (std::string_view name : {"authorization", "proxy-authorization", "cookie", "set-cookie"}) {
    matches += str_cat("{headers: [{name: ", name, ", value: asked}]}, {headers: [{name: ", name,
                       ", type: RegularExpression, value: '.*-1'}]}, ");
    sent.emplace_back(name, "token-1");
  }
  obey(matches + "{headers: [{name: x-user, value: a}]}]");

  RequestFact fact = kept(with(sent));

  EXPECT_EQ(fact.headers, (std::vector<KeptField>{{"x-user", std::nullopt}}));
  EXPECT_EQ(fact.secrets.size(), 12U) << "of each of the four: equal, matched, present";
  FactSlots slots = recorder_.copy();
  std::string_view text(slots.back().text.data(), slots.back().used);
  EXPECT_NE(text.find("proxy-authorization"), std::string_view::npos);
  EXPECT_EQ(text.find("token"), std::string_view::npos);
}

TEST_F(FactRecorderTest, WhatWouldBeAnotherRequestIsNotKept) {
  obey(R"([{headers: [{name: x-user, value: a}, {name: cookie, value: a}]}])");

  EXPECT_TRUE(kept(with({{"x-user", "1"}, {"x-user", "2"}, {"x-user", "3"}})).headers.empty()) << "too many values";
  EXPECT_TRUE(kept(with({{"x-user", std::string(kMaxFactValue + 1, 'a')}})).headers.empty()) << "too long";
  EXPECT_TRUE(kept(with({{"x-user", "\xfc"}})).headers.empty()) << "not ASCII";
  EXPECT_TRUE(kept(with({{"cookie", "a"}, {"cookie", "b"}})).secrets.empty()) << "rules read two in different ways";
}

TEST_F(FactRecorderTest, ARequestThatDoesNotFitIsNotRemembered) {
  RequestHead path = request("/" + std::string(kMaxFactPath, 'a'));
  RequestHead host = request("/", "GET", std::string(kMaxFactHost + 1, 'a'));
  RequestHead good = request();
  FactOrigin unknown{FactDirection::kOutbound, 0, {}, false};

  EXPECT_EQ(recorder_.begin({outbound_, path}), 0u);
  EXPECT_EQ(recorder_.begin({outbound_, host}), 0u);
  EXPECT_EQ(recorder_.begin({outbound_, good, std::string(2048, 'a')}), 0u);
  EXPECT_EQ(recorder_.begin({unknown, good}), 0u);
  EXPECT_TRUE(recorder_.copy().empty());
}

TEST_F(FactRecorderTest, WhatEndsAfterItWasForgottenIsNothing) {
  RequestHead head = request();
  uint64_t ticket = recorder_.begin({outbound_, head});
  for (int i = 0; i < 4; ++i) recorder_.begin({outbound_, head});

  recorder_.finish(ticket, Reason::kTimeout);
  recorder_.note_policy(ticket, key(Kind::kAuthorizationPolicy, "p"), "0");

  for (const FactSlot& slot : recorder_.copy()) EXPECT_EQ(slot.reason, Reason::kNone);
}
}  // namespace
}  // namespace heddle
