#include "control/plan/plan_replay.h"

#include <gmock/gmock.h>

#include "tests/unit/control/plan/plan_fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kQuarter = 1ULL << 62;
constexpr std::string_view kApp = "spiffe://cluster.local/ns/default/sa/app";
constexpr std::string_view kBatch = "spiffe://cluster.local/ns/default/sa/batch";
constexpr std::string_view kWeb = "spiffe://cluster.local/ns/default/sa/web";
const std::string kServices = service_yaml("a") + service_yaml("b");
const std::string kAll = plan_rule("", {{"a", 1}});

std::string header_rule(std::string_view name, std::string_view value, std::string_view type = "Exact") {
  return plan_rule(str_cat("matches: [{headers: [{name: ", name, ", type: ", type, ", value: '", value, "'}]}], "),
                   {{"b", 1}});
}

class PlanReplayTest : public testing::Test {
 protected:
  PlanReplay replay(const std::string& before, const std::string& after, std::vector<RequestFact> facts,
                    std::string_view identity = "", std::optional<uint64_t> seen = std::nullopt) {
    PlanSides sides = plan_sides(kServices, before, after);
    PlanReplayer replayer({sides.before, sides.after, Version{1, 1}, "cluster.local"});
    replayer.add({"node", std::string(identity), seen, std::move(facts)});
    return replayer.take();
  }
  static std::string text_of(const PlanReplay& replay) {
    EXPECT_EQ(replay.groups.size(), 1U);
    return replay.groups.empty() ? std::string() : replay.groups[0].text();
  }
  static RequestFact routed(std::string_view path = "/", uint64_t draw = 0) {
    RequestFact out = outbound_fact(path, draw);
    out.route = "HTTPRoute/default/r#0";
    return out;
  }
};

// --- where requests go ---

TEST_F(PlanReplayTest, AWeightMovesTheRequestsWhoseDrawItCovers) {
  std::vector<RequestFact> facts;
  for (uint64_t i = 0; i < 4; ++i) facts.push_back(routed("/", i * kQuarter));

  PlanReplay out = replay(plan_route(kAll), plan_route(plan_rule("", {{"a", 3}, {"b", 1}})), facts);

  EXPECT_EQ(text_of(out),
            "1 of 4 requests to default/a would go to BackendSet default/b instead of BackendSet default/a");
  EXPECT_EQ(out.changed, 1U);
  EXPECT_EQ(out.same, 3U);
  ASSERT_EQ(out.groups[0].examples.size(), 1U);
  EXPECT_EQ(out.groups[0].examples[0].path, "/");
}

TEST_F(PlanReplayTest, KeepsThreeExamplesThatDiffer) {
  std::vector<RequestFact> facts;
  for (std::string_view path : {"/1", "/1", "/2", "/3", "/4"}) facts.push_back(routed(path));

  PlanReplay out = replay(plan_route(kAll), plan_route(plan_rule("", {{"b", 1}})), facts);

  ASSERT_EQ(out.groups.size(), 1U);
  EXPECT_EQ(out.groups[0].count, 5U);
  ASSERT_EQ(out.groups[0].examples.size(), PlanReplay::kMaxExamples);
  EXPECT_EQ(out.groups[0].examples[1].path, "/2");
}

TEST_F(PlanReplayTest, ARequestThatNoRuleMatchesWouldBeRefused) {
  std::string cart = plan_rule("matches: [{path: {value: /cart}}], ", {{"a", 1}});

  PlanReplay out = replay(plan_route(kAll), plan_route(cart), {routed("/cart"), routed("/other")});

  EXPECT_EQ(text_of(out),
            "1 of 2 requests to default/a would be answered 404 route-not-found instead of going to BackendSet "
            "default/a");
}

TEST_F(PlanReplayTest, ARequestThatWasRefusedWouldBeServed) {
  RequestFact fact = outbound_fact("/other");
  fact.reason = "route-not-found";
  fact.backend_set.clear();
  std::string cart = plan_rule("matches: [{path: {value: /cart}}], ", {{"a", 1}});

  EXPECT_EQ(text_of(replay(plan_route(cart), plan_route(kAll), {fact})),
            "1 of 1 requests to default/a would go to BackendSet default/a; now they are answered 404 route-not-found");
}

TEST_F(PlanReplayTest, ARewriteIsToldWithWhatItMakes) {
  std::string rewrite =
      "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /v2}}}], ";

  PlanReplay out = replay(plan_route(kAll), plan_route(plan_rule(rewrite, {{"a", 1}})), {routed("/cart")});

  ASSERT_EQ(out.groups.size(), 1U);
  EXPECT_EQ(out.groups[0].effect, PlanEffect::kForward);
  EXPECT_EQ(out.groups[0].examples[0].sent_as, "a/v2/cart");
}

TEST_F(PlanReplayTest, ARedirectIsAnAnswer) {
  std::string redirect = "{filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example}}]}";

  PlanReplay out = replay(plan_route(kAll), plan_route(redirect), {routed("/cart"), routed("/other")});

  EXPECT_EQ(text_of(out),
            "2 of 2 requests to default/a would be answered 302 route-redirect instead of going to BackendSet "
            "default/a");
  EXPECT_EQ(out.groups[0].examples[0].sent_as, "http://b.example/cart");
}

TEST_F(PlanReplayTest, ServicesWithoutAChangeAreAllAlike) {
  RequestFact other = outbound_fact();
  other.host = "b";

  PlanReplay out = replay("", plan_route(kAll), {other});

  EXPECT_EQ(out.same, 1U);
  EXPECT_THAT(out.groups, IsEmpty());
}

// --- what was not kept ---

TEST_F(PlanReplayTest, AKeptHeaderDecides) {
  RequestFact fact = routed();
  fact.headers = {{"x-user", "ada"}};

  PlanReplay out = replay(plan_route(kAll), plan_route(kAll + ", " + header_rule("x-user", "ada")), {fact});

  EXPECT_EQ(out.changed, 1U);
  EXPECT_EQ(out.undecidable, 0U);
}

TEST_F(PlanReplayTest, AHeaderThatIsKnownToBeAbsentDecides) {
  RequestFact fact = routed();
  fact.headers = {{"x-user", std::nullopt}};

  PlanReplay out = replay(plan_route(kAll), plan_route(kAll + ", " + header_rule("x-user", "ada")), {fact});

  EXPECT_EQ(out.same, 1U);
}

TEST_F(PlanReplayTest, AHeaderThatNobodyKeptIsNotDecidable) {
  PlanReplay out = replay(plan_route(kAll), plan_route(kAll + ", " + header_rule("x-user", "ada")), {routed()});

  EXPECT_EQ(out.undecidable, 1U);
  EXPECT_THAT(out.groups, IsEmpty());
  ASSERT_EQ(out.unknown.size(), 1U);
  EXPECT_EQ(out.unknown[0].what, "header x-user");
  EXPECT_EQ(out.unknown[0].count, 1U);
}

TEST_F(PlanReplayTest, WhatFailsAnywayNeedsNoHeader) {
  std::string post = plan_rule("matches: [{method: POST, headers: [{name: x-user, value: ada}]}], ", {{"b", 1}});

  PlanReplay out = replay(plan_route(kAll), plan_route(kAll + ", " + post), {routed()});

  EXPECT_EQ(out.undecidable, 0U);
  EXPECT_EQ(out.same, 1U);
}

TEST_F(PlanReplayTest, AQueryParameterIsKeptOrNot) {
  std::string v2 = plan_rule("matches: [{queryParams: [{name: v, value: '2'}]}], ", {{"b", 1}});
  RequestFact kept = routed();
  kept.query = {{"v", "2"}};

  PlanReplay out = replay(plan_route(kAll), plan_route(kAll + ", " + v2), {kept, routed()});

  EXPECT_EQ(out.changed, 1U);
  ASSERT_EQ(out.unknown.size(), 1U);
  EXPECT_EQ(out.unknown[0].what, "query parameter v");
}

TEST_F(PlanReplayTest, TheNameOfAParameterMayHaveWhatEndsOne) {
  std::string odd = plan_rule("matches: [{queryParams: [{name: 'a&b', value: '2'}]}], ", {{"b", 1}});
  RequestFact kept = routed();
  kept.query = {{"a&b", "2"}};

  EXPECT_EQ(replay(plan_route(kAll), plan_route(kAll + ", " + odd), {kept}).changed, 1U);
}

TEST_F(PlanReplayTest, ASecretIsKnownByWhatItMatched) {
  std::string exact = header_rule("authorization", "Bearer x");
  std::string regex = header_rule("authorization", "Basic .*", "RegularExpression");
  RequestFact fact = routed();
  fact.secrets = {{"authorization", "RegularExpression Basic .*", true}};

  PlanReplay by_regex = replay(plan_route(kAll), plan_route(kAll + ", " + regex), {fact});
  PlanReplay by_value = replay(plan_route(kAll), plan_route(kAll + ", " + exact), {fact});

  EXPECT_EQ(by_regex.changed, 1U);
  EXPECT_EQ(by_value.undecidable, 1U);
  ASSERT_EQ(by_value.unknown.size(), 1U);
  EXPECT_EQ(by_value.unknown[0].what, "header authorization");  // the value is nobody's business
}

TEST_F(PlanReplayTest, ASecretThatIsExactlyOneValueIsNoOther) {
  RequestFact fact = routed();
  fact.secrets = {{"authorization", "Exact Bearer y", true}};
  RequestFact absent = routed();
  absent.secrets = {{"authorization", "present", false}};

  PlanReplay out =
      replay(plan_route(kAll), plan_route(kAll + ", " + header_rule("authorization", "Bearer x")), {fact, absent});

  EXPECT_EQ(out.same, 2U);
  EXPECT_EQ(out.undecidable, 0U);
}

TEST_F(PlanReplayTest, ASessionThatMayBeThereIsNotDecidable) {
  std::string session = "sessionPersistence: {sessionName: s}, ";
  RequestFact without = routed();
  without.secrets = {{"cookie", "present", false}};

  PlanReplay out = replay(plan_route(kAll), plan_route(plan_rule(session, {{"a", 1}, {"b", 1}})), {routed(), without});

  EXPECT_EQ(out.undecidable, 1U);
  ASSERT_EQ(out.unknown.size(), 1U);
  EXPECT_EQ(out.unknown[0].what, "session cookie s");
}

// --- what does not agree with the record ---

TEST_F(PlanReplayTest, WhatAnOlderVersionDecidedOtherwiseIsStale) {
  RequestFact fact = routed();
  fact.backend_set = "BackendSet/default/b";
  RequestFact old = fact;
  old.version = Version{1, 0};

  PlanReplay out = replay(plan_route(kAll), plan_route(plan_rule("", {{"b", 1}})), {fact, old});

  EXPECT_EQ(out.stale, 1U);
  EXPECT_EQ(out.otherwise, 1U);
  EXPECT_EQ(out.changed, 0U);
}

TEST_F(PlanReplayTest, AFailureOnTheWayIsNoDisagreement) {
  RequestFact fact = routed();
  fact.reason = "upstream-reset";

  EXPECT_EQ(replay(plan_route(kAll), plan_route(plan_rule("", {{"b", 1}})), {fact}).changed, 1U);
}

TEST_F(PlanReplayTest, SaysHowManyRequestsTheSampleStandsForOnlyWhenItIsTold) {
  EXPECT_FALSE(replay("", plan_route(kAll), {outbound_fact()}).seen.has_value());
  EXPECT_EQ(replay("", plan_route(kAll), {outbound_fact()}, "", 48000).seen, 48000U);
}

// --- where requests are received ---

std::string policy(std::string_view spec, std::string_view name = "p") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: ", name, "}, spec: {", spec,
                 "}}\n---\n");
}
const std::string kNoBatch =
    "action: deny, rules: [{from: [{identities: ['spiffe://cluster.local/ns/default/sa/x']}]}, "
    "{from: [{identities: ['spiffe://cluster.local/ns/default/sa/batch']}]}]";

RequestFact received(std::string_view peer, std::string_view path = "/") {
  RequestFact out;
  out.direction = FactDirection::kInbound;
  out.version = Version{1, 1};
  out.method = "GET";
  out.host = "a";
  out.path = path;
  out.peer = peer;
  out.ns = "default";
  out.port = 8080;
  return out;
}

TEST_F(PlanReplayTest, NamesTheRuleThatWouldDeny) {
  PlanReplay out = replay("", policy(kNoBatch), {received(kBatch), received(kWeb)}, kApp);

  EXPECT_EQ(text_of(out), str_cat("1 of 2 requests to ", kApp, " from ", kBatch,
                                  " would be denied by AuthorizationPolicy default/p rule 1"));
  EXPECT_EQ(out.groups[0].effect, PlanEffect::kDenied);
}

TEST_F(PlanReplayTest, NamesWhatWouldLetInAndWhatDeniesNow) {
  RequestFact denied = received(kBatch);
  denied.reason = "authz-denied";

  PlanReplay out = replay(policy(kNoBatch), policy("action: allow, rules: [{}]"), {denied}, kApp);

  EXPECT_EQ(text_of(out), str_cat("1 of 1 requests to ", kApp, " from ", kBatch,
                                  " would be let in by AuthorizationPolicy default/p rule 0; now they are denied by "
                                  "AuthorizationPolicy default/p rule 1"));
}

TEST_F(PlanReplayTest, ADenialThatHangsOnAnUnknownHeaderIsNotDecidable) {
  std::string by_header = "action: deny, rules: [{to: [{headers: [{name: x-debug, value: 'on'}]}]}]";
  RequestFact kept = received(kWeb);
  kept.headers = {{"x-debug", "on"}};

  PlanReplay out = replay("", policy(by_header), {received(kWeb), kept}, kApp);

  EXPECT_EQ(out.changed, 1U);
  EXPECT_EQ(out.undecidable, 1U);
  EXPECT_EQ(out.unknown[0].what, "header x-debug");
}

TEST_F(PlanReplayTest, AnUnknownHeaderDoesNotMatterWhereEverybodyIsLetIn) {
  std::string both = "action: allow, rules: [{to: [{headers: [{name: x-debug}]}]}, {}]";

  PlanReplay out = replay("", policy(both), {received(kWeb)}, kApp);

  EXPECT_EQ(out.undecidable, 0U);
  EXPECT_EQ(out.same, 1U);
}

TEST_F(PlanReplayTest, AForeignCallerNeedsARuleThatNamesIt) {
  RequestFact foreign = received("spiffe://partner.example/ns/x/sa/y");
  foreign.reason = "authz-denied";
  std::string allow = "action: allow, rules: [{from: [{identities: ['spiffe://partner.example/*']}]}]";

  EXPECT_EQ(replay("", policy(allow), {foreign}, kApp).groups.size(), 1U);
}

TEST_F(PlanReplayTest, ALimitThatWouldCountIsTold) {
  std::string limit =
      "{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: l}, spec: {limits: [{name: all, requests: "
      "1, per: 1s, burst: 1, matches: [{path: {value: /cart}}]}]}}\n---\n";

  PlanReplay out = replay("", limit, {received(kWeb, "/cart"), received(kWeb, "/other")}, kApp);

  EXPECT_EQ(text_of(out),
            str_cat("1 of 2 requests to ", kApp, " would be counted by RateLimitPolicy default/l limit all"));
  EXPECT_EQ(out.same, 1U);
}

TEST_F(PlanReplayTest, WhoseFactItIsFollowsFromTheServiceOrIsNotDecidable) {
  auto workload = [](std::string_view name) {
    return str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: ", name,
                   "}, spec: {identity: 'spiffe://cluster.local/ns/default/sa/", name, "', services: [a]}}\n---\n");
  };
  std::string targeted = policy("targetRef: {group: heddle.dev, kind: Workload, name: app}, " + kNoBatch);

  PlanReplay one = replay(workload("app"), workload("app") + targeted, {received(kBatch)});
  PlanReplay two =
      replay(workload("app") + workload("other"), workload("app") + workload("other") + targeted, {received(kBatch)});

  EXPECT_EQ(one.changed, 1U);
  EXPECT_EQ(one.groups[0].subject, kApp);
  EXPECT_EQ(two.undecidable, 1U);
  EXPECT_EQ(two.unknown[0].what, "which workload received it");
}
}  // namespace
}  // namespace heddle
