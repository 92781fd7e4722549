// Subsets of backend sets, and what TrafficPolicies say of balancing: read, refused, and put together.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string heddle(std::string_view kind, std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: ", kind, ", metadata: {name: ", name, "}, spec: ", spec,
                 "}\n---\n");
}
std::string subset(std::string_view name, std::string_view more = "") {
  return heddle("BackendSet", name, str_cat("{subsetOf: {name: all, labels: {version: ", name, "}}", more, "}"));
}
std::string policy(std::string_view name, std::string_view target, std::string_view load_balancer) {
  return heddle("TrafficPolicy", name, str_cat("{targetRef: {name: ", target, "}, loadBalancer: ", load_balancer, "}"));
}
std::string all_with(std::string_view more) {
  return heddle("BackendSet", "all",
                str_cat("{tls: plaintext, protocol: http2, endpoints: [",
                        "{address: 10.0.0.1, port: 80, labels: {version: v1, tier: gold}},",
                        "{address: 10.0.0.2, port: 80, labels: {version: v2}}, {address: 10.0.0.3, port: 80},",
                        "{address: 10.0.0.4, port: 80, weight: 3, labels: {version: v1}}]", more, "}"));
}
const std::string kAll = all_with("");

std::string problems_of(std::string_view yaml, ModelScope scope = ModelScope::kWhole) {
  return validate(model_of(yaml), scope).text();
}

// Policies are named after what they target.
BackendSetParts parts_of(std::string_view yaml, std::string name) {
  Model model = model_of(yaml);
  auto policy_of = [&](const std::string& set) -> std::shared_ptr<const TrafficPolicySpec> {
    auto found = model.traffic_policies.find({Kind::kTrafficPolicy, "default", set});
    return found == model.traffic_policies.end() ? nullptr : found->second;
  };
  auto set_of = [&](const std::string& set) { return model.backend_sets.at({Kind::kBackendSet, "default", set}); };
  BackendSetParts out{set_of(name), nullptr, policy_of(name), nullptr};
  if (is_subset(*out.own)) out.parent = set_of(out.own->subset->parent);
  if (out.parent != nullptr) out.parent_traffic = policy_of(out.parent->key.name);
  return out;
}
std::string balancing(const std::string& yaml, std::string name) {
  return lb_text(effective_lb(parts_of(yaml, std::move(name))));
}

TEST(ParseSubset, ReadsItsParentAndItsLabels) {
  Model model = model_of(heddle("BackendSet", "s", "{subsetOf: {name: all, labels: {tier: gold, version: v1}}}"));
  const BackendSetSpec& set = *model.backend_sets.begin()->second;

  EXPECT_EQ(set.subset->parent, "all");
  EXPECT_EQ(labels_text(set.subset->labels), "tier=gold,version=v1");
  EXPECT_FALSE(set.says_lb);
}

TEST(ParseSubset, NeedsAParentAndALabel) {
  auto refused = [](std::string_view subset_of) {
    return spec_problems_of(heddle("BackendSet", "s", str_cat("{subsetOf: ", subset_of, "}")));
  };

  EXPECT_EQ(refused("{labels: {a: b}}"), "spec.subsetOf.name: is required");
  EXPECT_EQ(refused("{name: all}"), "spec.subsetOf.labels: is required: those that an endpoint of the subset has");
  EXPECT_EQ(refused("{name: all, labels: {}}"), "spec.subsetOf.labels: is empty: that is the whole set");
  EXPECT_EQ(refused("{name: all, labels: {a: 1}}"), "spec.subsetOf.labels.a: expected a string, got an integer");
  EXPECT_EQ(refused("{name: all, labels: {a: b}, selector: x}"), "spec.subsetOf.selector: unknown field");
  EXPECT_EQ(refused("all"), "spec.subsetOf: expected an object, got a string");
}

TEST(ParseSubset, SaysNothingOfWhatItsEndpointsAre) {
  for (std::string_view field : {"endpoints: []", "dns: {name: a, port: 1}", "tls: mtls", "identity: 'spiffe://td/a'",
                                 "protocol: http", "healthPolicy: h"}) {
    std::string problems = spec_problems_of(subset("v1", str_cat(", ", field)));

    EXPECT_EQ(problems,
              str_cat("spec.", field.substr(0, field.find(':')),
                      ": stands beside subsetOf: a subset has the endpoints of its parent, and speaks to them "
                      "as that does"));
  }
}

TEST(EffectiveBackendSet, OfASubsetHasTheEndpointsWithAllItsLabels) {
  auto set = effective_backend_set(parts_of(kAll + subset("v1"), "v1"));

  ASSERT_EQ(set->endpoints.size(), 2U);
  EXPECT_EQ(set->endpoints[0].address().text(), "10.0.0.1:80");
  EXPECT_EQ(set->endpoints[1].address().text(), "10.0.0.4:80");
  EXPECT_EQ(set->endpoints[1].weight, 3U);
  EXPECT_EQ(set->key.name, "v1");
  EXPECT_EQ(set->tls, UpstreamTls::kPlaintext);
  EXPECT_EQ(set->protocol, UpstreamProtocol::kHttp2);
}

TEST(EffectiveBackendSet, OfASubsetThatFitsNobodyIsEmpty) {
  EXPECT_TRUE(effective_backend_set(parts_of(kAll + subset("v3"), "v3"))->endpoints.empty());
}

TEST(EffectiveBackendSet, LabelsAreComparedWhole) {
  Endpoint endpoint;
  endpoint.traits = Rare<EndpointTraits>(EndpointTraits{"", {{"a", "1"}, {"b", "2"}}});

  EXPECT_TRUE(has_labels(endpoint, {{"b", "2"}}));
  EXPECT_TRUE(has_labels(endpoint, {{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(has_labels(endpoint, {{"b", ""}}));
  EXPECT_FALSE(has_labels(endpoint, {{"a", "1"}, {"c", "3"}}));
  EXPECT_FALSE(has_labels(Endpoint(), {{"a", "1"}}));
}

TEST(EffectiveBackendSet, IsTheSetItselfWhereNobodyElseSpeaks) {
  BackendSetParts alone = parts_of(kAll, "all");
  BackendSetParts same = parts_of(kAll + policy("all", "all", "{policy: peakEwma}"), "all");
  BackendSetParts other = parts_of(kAll + policy("all", "all", "{policy: random}"), "all");

  EXPECT_EQ(effective_backend_set(alone), alone.own);
  EXPECT_EQ(effective_backend_set(same), same.own) << "the policy says what the set says";
  EXPECT_NE(effective_backend_set(other), other.own);
  EXPECT_EQ(effective_backend_set(other)->endpoints, other.own->endpoints);
  EXPECT_EQ(effective_backend_set(other)->lb.policy, LbPolicy::kRandom);
}

TEST(EffectiveBackendSet, APolicyWinsFieldByField) {
  std::string all = all_with(", loadBalancer: {policy: roundRobin, panicThreshold: 40, zoneAware: true}");

  EXPECT_EQ(balancing(all, "all"), "roundRobin, own zone first, panic below 40 %");
  EXPECT_EQ(balancing(all + policy("all", "all", "{panicThreshold: 20}"), "all"),
            "roundRobin, own zone first, panic below 20 %");
  EXPECT_EQ(balancing(all + policy("all", "all", "{policy: maglev, hashOn: {path: true}, zoneAware: false}"), "all"),
            "maglev by path, panic below 40 %");
}

TEST(EffectiveBackendSet, AKeyGoesWithItsPolicy) {
  std::string all = all_with(", loadBalancer: {policy: maglev, hashOn: {cookie: session}}");

  EXPECT_EQ(balancing(all + policy("all", "all", "{policy: random}"), "all"), "random");
  EXPECT_EQ(balancing(all + policy("all", "all", "{policy: ringHash}"), "all"), "ringHash by cookie session");
  EXPECT_EQ(balancing(all + policy("all", "all", "{hashOn: {sourceAddress: true}}"), "all"),
            "maglev by the caller's address");
}

// Policy of the subset, the subset, policy of the parent, the parent.
TEST(EffectiveBackendSet, WhoIsNearerToASubsetSaysHowItBalances) {
  std::string sets = all_with(", loadBalancer: {policy: roundRobin}") + subset("v1") +
                     subset("v2", ", loadBalancer: {policy: leastRequest}");
  std::string with_parents = sets + policy("all", "all", "{policy: random}");
  std::string with_own = with_parents + policy("v2", "v2", "{panicThreshold: 10}");

  EXPECT_EQ(balancing(sets, "v1"), "roundRobin");
  EXPECT_EQ(balancing(with_parents, "v1"), "random");
  EXPECT_EQ(balancing(with_parents, "v2"), "leastRequest");
  EXPECT_EQ(balancing(with_own, "v2"), "leastRequest, panic below 10 %");
  EXPECT_EQ(lb_policy_of(parts_of(sets, "v1")), nullptr);
  EXPECT_EQ(lb_policy_of(parts_of(with_parents, "v1"))->key.name, "all");
  EXPECT_EQ(lb_policy_of(parts_of(with_parents, "v2")), nullptr);
  EXPECT_EQ(lb_policy_of(parts_of(with_own, "v2"))->key.name, "v2");
  EXPECT_EQ(traffic_of(parts_of(with_parents, "v2"))->key.name, "all") << "limits and times are inherited all the same";
}

TEST(ValidateSubset, AcceptsSeveralOfOneParent) {
  EXPECT_EQ(problems_of(kAll + subset("v1") + subset("v2") + policy("p", "v1", "{policy: random}")), "");
}

TEST(ValidateSubset, NeedsAParentThatHasLabels) {
  std::string dns = heddle("BackendSet", "all", "{tls: plaintext, dns: {name: a.example, port: 1}}");
  std::string of_subset = heddle("BackendSet", "v3", "{subsetOf: {name: v1, labels: {tier: gold}}}");

  for (ModelScope scope : {ModelScope::kWhole, ModelScope::kPart}) {
    EXPECT_EQ(problems_of(subset("v1"), scope),
              "BackendSet default/v1: spec.subsetOf.name: no BackendSet \"all\" in namespace \"default\"");
  }
  EXPECT_EQ(problems_of(dns + subset("v1")),
            "BackendSet default/v1: spec.subsetOf.name: BackendSet \"all\" is looked up in DNS: what is found has no "
            "labels");
  EXPECT_EQ(problems_of(kAll + subset("v1") + of_subset),
            "BackendSet default/v3: spec.subsetOf.name: BackendSet \"v1\" is a subset itself: name its parent \"all\" "
            "and all the labels");
}

TEST(ValidateSubset, IsCheckedByThePolicyOfItsParent) {
  EXPECT_EQ(problems_of(kAll + subset("v1") +
                        heddle("HealthPolicy", "h", "{targetRefs: [{name: all}, {name: v1}], active: [{kind: tcp}]}")),
            "HealthPolicy default/h: spec.targetRefs[1].name: BackendSet \"v1\" is a subset of \"all\", by whose "
            "HealthPolicy its endpoints are checked");
}

TEST(ValidateBalancing, JudgesWhatAPolicyAndItsSetSayTogether) {
  EXPECT_EQ(problems_of(kAll + policy("p", "all", "{policy: maglev}")),
            "TrafficPolicy default/p: spec.loadBalancer.hashOn: is required: maglev keeps requests of one key together "
            "(with what BackendSet \"all\" says)");
  EXPECT_EQ(problems_of(kAll + policy("p", "all", "{hashOn: {path: true}}")),
            "TrafficPolicy default/p: spec.loadBalancer.hashOn: is for ringHash and maglev; peakEwma would ignore it "
            "(with what BackendSet \"all\" says)");
  EXPECT_EQ(problems_of(all_with(", loadBalancer: {zoneAware: true}") +
                        policy("p", "all", "{policy: maglev, hashOn: {path: true}}")),
            "TrafficPolicy default/p: spec.loadBalancer.zoneAware: is not for maglev: a key has one endpoint in all "
            "zones (with what BackendSet \"all\" says)");
  EXPECT_EQ(
      problems_of(all_with(", loadBalancer: {panicThreshold: 50}") + policy("p", "all", "{minHealthyPercent: 50}")),
      "TrafficPolicy default/p: spec.loadBalancer.minHealthyPercent: stands beside panicThreshold: one leaves a "
      "set of few healthy endpoints, the other uses all of it (with what BackendSet \"all\" says)");
}

TEST(ValidateBalancing, AsksNobodyWhoIsNotHere) {
  EXPECT_EQ(problems_of(policy("p", "elsewhere", "{policy: maglev}"), ModelScope::kPart), "");
}
}  // namespace
}  // namespace heddle
