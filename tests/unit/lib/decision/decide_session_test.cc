// Sessions in decisions (decide()) and in what is said about them (explain()).
#include <gtest/gtest.h>

#include <set>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
constexpr std::string_view kRule =
    "{matches: [{path: {value: /shop}}], sessionPersistence: {sessionName: s, absoluteTimeout: 1h, idleTimeout: 5m}, "
    "backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, weight: @}, {group: heddle.dev, kind: BackendSet, "
    "name: b, weight: #}]}";
constexpr uint64_t kDrawsA = 0;
constexpr uint64_t kDrawsB = UINT64_MAX;

std::string mesh(std::string_view weight_of_a = "1", std::string_view weight_of_b = "1") {
  std::string rule(kRule);
  rule.replace(rule.find('@'), 1, weight_of_a);
  rule.replace(rule.find('#'), 1, weight_of_b);
  return str_cat(service_yaml("a"), service_yaml("b"),
                 "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: "
                 "[{group: '', kind: Service, name: a}], rules: [",
                 rule, ", {backendRefs: [{group: heddle.dev, kind: BackendSet, name: a}]}]}}\n---\n");
}
uint64_t endpoint_of(std::string_view set, uint16_t port = 9000) {
  return session_endpoint(session_scope({Kind::kBackendSet, "default", std::string(set)}), Address::loopback(port));
}
uint64_t backend_of(std::string_view set) {
  return session_backend(session_scope({Kind::kHttpRoute, "default", "r"}), "0",
                         session_scope({Kind::kBackendSet, "default", std::string(set)}));
}
std::string cookie_of(const SessionToken& token) {
  SessionTokenText room;
  return str_cat("s=", format_session_token(token, room));
}

class DecideSessionTest : public testing::Test {
 protected:
  // Whatever the snapshot lists, but for those that a test takes away.
  struct View final : EndpointView {
    bool is_usable(BackendSetId, uint64_t endpoint) const override {
      ++asked;
      return !gone.contains(endpoint);
    }
    std::set<uint64_t> gone;
    mutable int asked = 0;
  };
  SessionToken token(std::string_view set, Duration age = {}) const {
    uint32_t begun = session_seconds(clock_.wall() - age);
    return {backend_of(set), endpoint_of(set), begun, begun};
  }
  Decision ask(const std::string& yaml, const SessionToken& token, uint64_t draw, std::string_view path = "/shop") {
    snapshot_ = snapshot_of(yaml);
    RequestHead head(blocks_);
    EXPECT_TRUE(head.fields().add("cookie", cookie_of(token)) && head.set_path(path));
    RequestFacts facts = facts_of(head);
    SessionLookup sessions{head.fields(), clock_, view_};
    return decide(*snapshot_, {snapshot_->resolve("a", "default"), "default", &facts, draw, {}, &sessions});
  }
  static std::string set_of(const Decision& decision) {
    return decision.backends == nullptr ? "none" : decision.backends->spec->key.name;
  }
  BlockPool blocks_;
  ManualScheduler clock_;
  View view_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(DecideSessionTest, ASessionGoesBeforeWeights) {
  Decision decision = ask(mesh(), token("b"), kDrawsA);

  EXPECT_EQ(set_of(decision), "b");
  EXPECT_EQ(decision.backend_number(kDrawsA), 1) << "whose filters apply";
  EXPECT_EQ(decision.session.token.endpoint, endpoint_of("b"));
  EXPECT_EQ(set_of(ask(mesh(), token("a"), kDrawsB)), "a");
}

TEST_F(DecideSessionTest, ASessionGoesOnWhereTheWeightIsZero) {
  EXPECT_EQ(set_of(ask(mesh("1", "0"), token("b"), kDrawsA)), "b");
  EXPECT_EQ(set_of(ask(mesh("0", "0"), token("b"), kDrawsA)), "b");
  EXPECT_EQ(ask(mesh("0", "0"), {}, kDrawsA).reason, Reason::kBackendSetMissing);
}

TEST_F(DecideSessionTest, WithoutASessionTheDrawDecides) {
  Decision decision = ask(mesh(), {}, kDrawsB);

  EXPECT_EQ(set_of(decision), "b");
  EXPECT_EQ(decision.backend_number(kDrawsB), 1);
  EXPECT_FALSE(decision.session);
  EXPECT_EQ(view_.asked, 0);
}

TEST_F(DecideSessionTest, AnEndpointThatIsGoneLeavesItToTheDraw) {
  view_.gone.insert(endpoint_of("b"));

  Decision decision = ask(mesh(), token("b"), kDrawsA);

  EXPECT_EQ(set_of(decision), "a");
  EXPECT_EQ(decision.session.verdict, SessionVerdict::kGone);
  EXPECT_EQ(decision.backend_number(kDrawsA), 0);
}

TEST_F(DecideSessionTest, TimesAreThoseOfTheRule) {
  clock_.advance(24h);

  EXPECT_EQ(ask(mesh(), token("b", 5min), kDrawsA).session.verdict, SessionVerdict::kValid);
  EXPECT_EQ(ask(mesh(), token("b", 6min), kDrawsA).session.verdict, SessionVerdict::kIdle);
  EXPECT_EQ(ask(mesh(), token("b", 1h), kDrawsA).session.verdict, SessionVerdict::kExpired);
  EXPECT_EQ(set_of(ask(mesh(), token("b", 1h), kDrawsA)), "a");
}

TEST_F(DecideSessionTest, OtherRulesAskNobody) {
  Decision decision = ask(mesh(), token("b"), kDrawsA, "/other");

  EXPECT_EQ(set_of(decision), "a");
  EXPECT_EQ(decision.session.verdict, SessionVerdict::kNone);
  EXPECT_EQ(view_.asked, 0);
}

TEST_F(DecideSessionTest, FollowsAServiceToItsBackendSet) {
  std::string route =
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: "
      "'', kind: Service, name: a}], rules: [{sessionPersistence: {sessionName: s}, backendRefs: [{kind: Service, "
      "name: b, port: 80}]}]}}\n---\n";

  EXPECT_TRUE(ask(service_yaml("a") + service_yaml("b") + route, token("b"), kDrawsA, "/").session);
}

TEST_F(DecideSessionTest, AllocatesNothing) {
  snapshot_ = snapshot_of(mesh());
  RequestHead head(blocks_);
  ASSERT_TRUE(head.fields().add("cookie", cookie_of(token("b"))) && head.set_path("/shop"));
  RequestFacts facts = facts_of(head);
  SessionLookup sessions{head.fields(), clock_, view_};
  AllocationCounter allocations;

  Decision decision = decide(*snapshot_, {snapshot_->resolve("a", "default"), "default", &facts, 0, {}, &sessions});

  EXPECT_EQ(allocations.count(), 0U);
  EXPECT_TRUE(decision.session);
}

// --- explain ---

Explanation explained(const std::string& yaml, const std::string& cookie, std::optional<uint64_t> draw = {}) {
  ExplainWords words{.url = "http://a/shop", .draw = draw};
  if (!cookie.empty()) words.headers.emplace_back("cookie", cookie);
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  HEDDLE_CHECK(query.has_value());
  return explain(*snapshot_of(yaml), *query);
}
std::string step(const Explanation& found, std::string_view what) {
  for (const TraceStep& step : found.trace.steps()) {
    if (step.what == what) return step.result;
  }
  return {};
}

TEST(ExplainSession, SaysWhatTheRuleAsksFor) {
  Explanation found = explained(mesh(), "");

  ASSERT_TRUE(found.session);
  EXPECT_EQ(step(found, "session persistence"), "Cookie s, Path=/shop, absoluteTimeout 1h, idleTimeout 5m");
  EXPECT_EQ(step(found, "session"), "no token in the request");
}

TEST(ExplainSession, SaysWhereATokenGoesAndUntilWhen) {
  Explanation found = explained(mesh(), cookie_of({backend_of("b"), endpoint_of("b"), 0, 60}));

  EXPECT_EQ(
      step(found, "session"),
      "the token names 127.0.0.1:9000 of default/b: it goes there, before weights and the balancer, while that is "
      "healthy, until 1970-01-01T01:00:00.000Z and while it is used before 1970-01-01T00:06:00.000Z");
  EXPECT_EQ(found.session->endpoint, "127.0.0.1:9000");
}

TEST(ExplainSession, SaysWhyATokenIsNone) {
  SessionToken other{backend_of("nobody"), endpoint_of("b"), 0, 0};
  SessionToken gone{backend_of("b"), endpoint_of("b", 9001), 0, 0};

  EXPECT_EQ(step(explained(mesh(), "s=127.0.0.1"), "session"), "what the request carries is no token");
  EXPECT_EQ(step(explained(mesh(), cookie_of(other)), "session"),
            "the token is of another rule, or of a backend set that this one does not name");
  EXPECT_EQ(step(explained(mesh(), cookie_of(gone)), "session"),
            "the token names an endpoint that default/b does not have, or that has no weight");
}

TEST(ExplainSession, GoesOnWhereEveryWeightIsZero) {
  EXPECT_EQ(explained(mesh("0", "0"), "").reason, Reason::kBackendSetMissing);
  EXPECT_EQ(explained(mesh("0", "0"), cookie_of({backend_of("b"), endpoint_of("b"), 0, 0})).reason, Reason::kNone);
}

TEST(ExplainSession, GoesBeforeTheDraw) {
  auto drawn = [](const std::string& yaml, const SessionToken& token) {
    Explanation found = explained(yaml, cookie_of(token), kDrawsA);
    EXPECT_EQ(found.reason, Reason::kNone);
    EXPECT_TRUE(found.forward);
    return str_cat(found.backends.at(0).drawn ? "a" : "", found.backends.at(1).drawn ? "b" : "");
  };
  SessionToken of_b{backend_of("b"), endpoint_of("b"), 0, 0};
  SessionToken gone{backend_of("b"), endpoint_of("b", 9001), 0, 0};

  EXPECT_EQ(drawn(mesh(), of_b), "b");
  EXPECT_EQ(drawn(mesh("1", "0"), of_b), "b");
  EXPECT_EQ(drawn(mesh("0", "0"), of_b), "b");
  EXPECT_EQ(drawn(mesh(), gone), "a");
}

TEST_F(DecideSessionTest, AnExplanationSaysWhatTheDecisionFound) {
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/shop"}, problems);
  ASSERT_TRUE(query);
  auto said = [&](const Decision& decision) {
    Explanation found;
    explain_decision(*snapshot_, *query, decision, ExplainReceivers::kNotKnown, found);
    settle_backends(found);
    return str_cat(info(found.reason).name, ": ", step(found, "session"));
  };
  clock_.advance(24h);

  EXPECT_EQ(said(ask(mesh(), token("b", 1h), kDrawsA)), "none: the token is over: absoluteTimeout");
  EXPECT_EQ(said(ask(mesh(), token("b", 6min), kDrawsA)), "none: the token is over: idleTimeout");
  view_.gone.insert(endpoint_of("b"));
  EXPECT_EQ(said(ask(mesh("0", "0"), token("b"), kDrawsA)),
            str_cat(info(Reason::kBackendSetMissing).name,
                    ": the token names 127.0.0.1:9000 of default/b, which is not healthy now"));
}

TEST(ExplainSession, IsPartOfTheJson) {
  ExplainWords words{.url = "http://a/shop"};
  words.headers.emplace_back("cookie", cookie_of({backend_of("b"), endpoint_of("b"), 0, 60}));
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  ASSERT_TRUE(query);

  std::string json = explanation_json(*query, explain(*snapshot_of(mesh()), *query));

  EXPECT_NE(
      json.find(R"("sessionPersistence":{"type":"Cookie","sessionName":"s","cookiePath":"/shop",)"
                R"("absoluteTimeout":"1h","idleTimeout":"5m","lifetimeType":"Session","token":{"verdict":"valid",)"
                R"("backendSet":"default/b","endpoint":"127.0.0.1:9000","begun":"1970-01-01T00:00:00.000Z",)"
                R"("expires":"1970-01-01T01:00:00.000Z","idleExpires":"1970-01-01T00:06:00.000Z"}})"),
      std::string::npos)
      << json;
}
}  // namespace
}  // namespace heddle
