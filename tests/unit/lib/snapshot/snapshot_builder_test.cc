#include "lib/snapshot/snapshot_builder.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/routing/route_filters.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kRoute =
    "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: "
    "[{group: '', kind: Service, name: a}], rules: [{backendRefs: [{group: heddle.dev, kind: BackendSet, name: "
    "b}]}]}}\n---\n";

std::string backend_set(std::string_view name, uint16_t port) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: ", name,
                 "}, spec: {tls: plaintext, endpoints: [{address: 127.0.0.1, port: ", std::to_string(port),
                 "}]}}\n---\n");
}

class SnapshotBuilderTest : public testing::Test {
 protected:
  BuildOutcome replace(std::string_view yaml) { return apply(ConfigChange::Kind::kReplaceAll, yaml, {}); }
  BuildOutcome delta(std::string_view yaml, std::vector<ResourceKey> deletes = {}) {
    return apply(ConfigChange::Kind::kDelta, yaml, std::move(deletes));
  }
  BuildOutcome apply(ConfigChange::Kind kind, std::string_view yaml, std::vector<ResourceKey> deletes) {
    return builder_.apply({kind, {1, ++sequence_}, resources_of(yaml), std::move(deletes), std::nullopt});
  }
  static const BackendSetEntry* set(const Snapshot& snapshot, std::string name) {
    return snapshot.find_backend_set({"default", std::move(name)});
  }
  SnapshotBuilder builder_{ModelScope::kWhole};
  uint64_t sequence_ = 0;
};

TEST_F(SnapshotBuilderTest, BuildsAnEmptySnapshot) {
  BuildOutcome outcome = replace("");

  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome.snapshot->services().empty());
  EXPECT_EQ(outcome.snapshot->version(), (Version{1, 1}));
  EXPECT_FALSE(outcome.snapshot->resolve("a", "default"));
}

// What did not change is not parsed again, whatever its kind.
TEST_F(SnapshotBuilderTest, CarriesEveryKindOver) {
  const std::map<Kind, std::string_view> specs = {
      {Kind::kService, "{ports: [{port: 80}]}"},
      {Kind::kBackendSet, "{tls: plaintext, endpoints: []}"},
      {Kind::kHttpRoute,
       "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{backendRefs: [{name: a, port: 80}]}]}"},
      {Kind::kGrpcRoute,
       "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{backendRefs: [{name: a, port: 80}]}]}"},
      {Kind::kTcpRoute,
       "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{backendRefs: [{name: a, port: 80}]}]}"},
      {Kind::kTlsRoute,
       "{parentRefs: [{group: '', kind: Service, name: a}], hostnames: [a.test], rules: [{backendRefs: [{name: a, "
       "port: "
       "80}]}]}"},
      {Kind::kHealthPolicy, "{targetRef: {name: a}, active: [{kind: tcp}]}"},
      {Kind::kTrafficPolicy, "{targetRef: {name: a}}"},
      {Kind::kAuthorizationPolicy, "{action: allow, rules: []}"},
      {Kind::kWorkload, "{identity: 'spiffe://td/a'}"},
      {Kind::kFederatedTrustDomain, "{trustDomain: b, bundleEndpoint: {url: 'https://b/', profile: https_web}}"},
      {Kind::kHttpRouteFilter, "{directResponse: {status: 200}}"},
      {Kind::kRateLimitPolicy, "{limits: [{name: a, requests: 1, per: 1s}]}"}};
  std::string yaml;
  size_t count = 0;
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported) continue;
    ++count;
    ASSERT_TRUE(specs.contains(kind.kind)) << kind.name;
    yaml.append(str_cat("{apiVersion: ", kind.api_version, ", kind: ", kind.name,
                        ", metadata: {name: a}, spec: ", specs.at(kind.kind), "}\n---\n"));
  }

  BuildOutcome first = replace(yaml);
  ASSERT_TRUE(first) << first.problems.text();
  BuildOutcome again = replace(yaml);

  EXPECT_EQ(first.snapshot->model().size(), count);
  EXPECT_EQ(again.snapshot->model().size(), count);
  EXPECT_EQ(again.snapshot->model().traffic_policies, first.snapshot->model().traffic_policies);
  std::vector<ResourceKey> all;
  for (const auto& [kind, spec] : specs) all.push_back({kind, "default", "a"});
  EXPECT_EQ(delta("", all).snapshot->model().size(), 0U);
}

TEST_F(SnapshotBuilderTest, KeepsWhatWorkersStillHoldAndDestroysTheRest) {
  std::weak_ptr<const Snapshot> first = replace(service_yaml("a", 80)).snapshot;
  auto held = replace(service_yaml("a", 81)).snapshot;
  std::weak_ptr<const Snapshot> second = held;
  replace(service_yaml("a", 82));

  EXPECT_TRUE(first.expired());
  EXPECT_EQ(builder_.collect(), 0U);
  held.reset();
  EXPECT_FALSE(second.expired()) << "a worker's letting go must not destroy it";
  EXPECT_EQ(builder_.collect(), 1U);
  EXPECT_TRUE(second.expired());
}

TEST_F(SnapshotBuilderTest, ReadsAChangeThatIsGivenAwayAndOneThatIsKeptAlike) {
  ConfigChange change{ConfigChange::Kind::kReplaceAll, {1, 1}, resources_of(service_yaml("a", 80)), {}, std::nullopt};
  SnapshotBuilder other(ModelScope::kWhole);

  auto kept = builder_.apply(change);
  bool has_bytes = !change.puts.empty() && !change.puts[0].json.empty();
  auto given = other.apply(std::move(change));

  EXPECT_TRUE(has_bytes);
  ASSERT_TRUE(kept && given);
  EXPECT_EQ(kept.snapshot->hash(), given.snapshot->hash());
}

TEST_F(SnapshotBuilderTest, FindsServicesByEveryName) {
  auto snapshot = replace(service_yaml("a", 8080)).snapshot;

  for (std::string_view name :
       {"a", "A:8080", "a.default", "a.default.svc:8080", "a.default.svc.cluster.local", "a.default."}) {
    EXPECT_TRUE(snapshot->resolve(name, "default")) << name;
  }
  EXPECT_FALSE(snapshot->resolve("a", "other"));
  EXPECT_TRUE(snapshot->resolve("a.default", "other"));
  EXPECT_FALSE(snapshot->resolve("a:80", "default"));
  EXPECT_FALSE(snapshot->resolve("b", "default"));
  EXPECT_FALSE(snapshot->resolve("a:", "default"));
}

TEST_F(SnapshotBuilderTest, WithoutAPortEightyIsMeant) {
  auto snapshot = replace(backend_set("a", 1) +
                          "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 81}, "
                          "{port: 80}]}}\n---\n" +
                          "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: b}, spec: {ports: [{port: 81, "
                          "backendSet: a}, {port: 82, backendSet: a}]}}")
                      .snapshot;

  EXPECT_EQ(snapshot->resolve("a", "default").port->port.port, 80);
  EXPECT_FALSE(snapshot->resolve("b", "default"));
}

TEST_F(SnapshotBuilderTest, SharesEverythingThatDidNotChange) {
  auto first = replace(service_yaml("a") + service_yaml("b") + std::string(kRoute)).snapshot;

  BuildOutcome second = delta(backend_set("a", 9999));

  ASSERT_TRUE(second) << second.problems.text();
  EXPECT_NE(set(*second.snapshot, "a"), set(*first, "a"));
  EXPECT_EQ(set(*second.snapshot, "a")->id, set(*first, "a")->id);
  EXPECT_EQ(set(*second.snapshot, "b"), set(*first, "b"));
  EXPECT_EQ(second.snapshot->services()[0], first->services()[0]);
  EXPECT_EQ(second.snapshot->services()[1], first->services()[1]);
  EXPECT_EQ(second.snapshot->routes()[0], first->routes()[0]);
  EXPECT_EQ(second.changes.replaced, std::vector<BackendSetId>{set(*first, "a")->id});
  EXPECT_TRUE(second.changes.added.empty() && second.changes.removed.empty());
  EXPECT_FALSE(second.changes.services_changed);
}

TEST_F(SnapshotBuilderTest, AReplacementSharesToo) {
  std::string yaml = service_yaml("a") + service_yaml("b") + std::string(kRoute);
  auto first = replace(yaml).snapshot;

  BuildOutcome second = replace(yaml);

  EXPECT_EQ(set(*second.snapshot, "a"), set(*first, "a"));
  EXPECT_EQ(second.snapshot->services()[0], first->services()[0]);
  EXPECT_TRUE(second.changes.empty());
  EXPECT_EQ(second.snapshot->hash(), first->hash());
}

TEST_F(SnapshotBuilderTest, AChangedRouteRebuildsOnlyItsService) {
  auto first = replace(service_yaml("a") + service_yaml("b") + std::string(kRoute)).snapshot;
  std::string changed(kRoute);
  changed.replace(changed.find("name: b"), 7, "name: a");

  BuildOutcome second = delta(changed);

  ASSERT_TRUE(second) << second.problems.text();
  EXPECT_NE(second.snapshot->services()[0], first->services()[0]);
  EXPECT_EQ(second.snapshot->services()[1], first->services()[1]);
  EXPECT_EQ(second.snapshot->routes()[0]->rules[0].id, first->routes()[0]->rules[0].id);
  EXPECT_TRUE(second.changes.services_changed);
}

TEST_F(SnapshotBuilderTest, AddsAndRemoves) {
  replace(service_yaml("a"));

  BuildOutcome added = delta(backend_set("b", 1));
  BackendSetId id = set(*added.snapshot, "b")->id;
  BuildOutcome removed = delta("", {{Kind::kBackendSet, "default", "b"}});

  EXPECT_EQ(added.changes.added, std::vector<BackendSetId>{id});
  EXPECT_EQ(removed.changes.removed, std::vector<BackendSetId>{id});
  EXPECT_EQ(removed.snapshot->backend_set(id), nullptr);
  EXPECT_EQ(set(*removed.snapshot, "b"), nullptr);
}

TEST_F(SnapshotBuilderTest, AReusedIdIsRemovedAndAddedForWorkersThatSkippedAVersion) {
  auto first = replace(service_yaml("a") + backend_set("b", 1)).snapshot;
  delta("", {{Kind::kBackendSet, "default", "b"}});
  auto third = delta(backend_set("c", 1)).snapshot;

  ChangeList changes = compare_snapshots(first.get(), *third);

  ASSERT_EQ(set(*third, "c")->id, set(*first, "b")->id);
  EXPECT_EQ(changes.removed, changes.added);
  EXPECT_EQ(changes.added, std::vector<BackendSetId>{set(*third, "c")->id});
}

TEST_F(SnapshotBuilderTest, ARefusedChangeLeavesEverythingAsItWas) {  // CFG-041
  auto first = replace(service_yaml("a")).snapshot;

  BuildOutcome refused =
      delta(service_yaml("b") +
            "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {healthPolicy: no}}");
  BuildOutcome accepted = delta(service_yaml("c"));

  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.problems.text(),
            "BackendSet default/a: spec.healthPolicy: no HealthPolicy \"no\" in namespace \"default\"");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted.snapshot->services().size(), 2U);
  EXPECT_EQ(set(*accepted.snapshot, "a"), set(*first, "a"));
}

TEST_F(SnapshotBuilderTest, NamesEveryProblemOfEveryResource) {
  ConfigChange change;
  change.puts = {
      {{Kind::kService, "default", "a"}, "{"},
      {{Kind::kService, "default", "b"},
       R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"b","namespace":"default"},"spec":{}})"}};

  EXPECT_EQ(builder_.apply(change).problems.text(),
            "Service default/a: line 1, column 2: expected a name in double quotes\n"
            "Service default/b: spec.ports: is required");
}

TEST_F(SnapshotBuilderTest, RefusesAKeyTwiceInOneChange) {
  ConfigChange change;
  change.puts = resources_of(backend_set("a", 1));
  change.deletes = {change.puts[0].key};

  EXPECT_EQ(builder_.apply(change).problems.text(), "BackendSet default/a: stands twice in one change");
}

TEST_F(SnapshotBuilderTest, TheHashIsThatOfTheBytesAndNotOfTheWayThere) {
  replace(service_yaml("a") + service_yaml("b"));
  auto by_delta =
      delta(backend_set("c", 1), {{Kind::kService, "default", "b"}, {Kind::kBackendSet, "default", "b"}}).snapshot;

  SnapshotBuilder other(ModelScope::kWhole);
  auto at_once = other
                     .apply({ConfigChange::Kind::kReplaceAll,
                             {7, 1},
                             resources_of(backend_set("c", 1) + service_yaml("a")),
                             {},
                             std::nullopt})
                     .snapshot;

  EXPECT_EQ(by_delta->hash(), at_once->hash());
}

TEST_F(SnapshotBuilderTest, NeverAppliesADeltaThatLeadsElsewhere) {
  auto first = replace(service_yaml("a")).snapshot;
  ConfigChange change;
  change.puts = resources_of(backend_set("b", 1));
  change.expected_hash = first->hash();

  BuildOutcome outcome = builder_.apply(change);

  EXPECT_FALSE(outcome);
  EXPECT_TRUE(outcome.hash_differs);
  EXPECT_EQ(builder_.current(), first);
}

TEST_F(SnapshotBuilderTest, AppliesADeltaThatLeadsWhereAnnounced) {
  replace(service_yaml("a"));
  ConfigChange change;
  change.puts = resources_of(backend_set("b", 1));
  ContentHasher hasher;
  for (const Resource& resource : resources_of(service_yaml("a") + backend_set("b", 1))) hasher.put(resource);
  change.expected_hash = hasher.value();

  EXPECT_TRUE(builder_.apply(change));
}

TEST_F(SnapshotBuilderTest, HealthPoliciesReachTheirBackendSets) {
  std::string policy =
      "{apiVersion: heddle.dev/v1, kind: HealthPolicy, metadata: {name: h}, spec: {targetRef: {name: a}, active: "
      "[{kind: tcp}]}}\n---\n";
  auto first = replace(service_yaml("a") + service_yaml("b") + policy).snapshot;

  BuildOutcome without = delta("", {{Kind::kHealthPolicy, "default", "h"}});

  EXPECT_EQ(set(*first, "a")->health->active.size(), 1U);
  EXPECT_EQ(set(*first, "b")->health, nullptr);
  EXPECT_EQ(set(*without.snapshot, "a")->health, nullptr);
  EXPECT_EQ(without.changes.replaced, std::vector<BackendSetId>{set(*first, "a")->id});
}

TEST_F(SnapshotBuilderTest, TrafficPoliciesReachTheirBackendSetsAndTellOfChanges) {
  auto policy = [](int requests) {
    return str_cat(
        "{apiVersion: heddle.dev/v1, kind: TrafficPolicy, metadata: {name: t}, spec: {targetRefs: [{name: a}], limits: "
        "{requests: ",
        std::to_string(requests), "}}}\n---\n");
  };
  auto first = replace(service_yaml("a") + service_yaml("b") + policy(5)).snapshot;

  BuildOutcome changed = delta(policy(6), {});
  BuildOutcome without = delta("", {{Kind::kTrafficPolicy, "default", "t"}});

  EXPECT_EQ(set(*first, "a")->traffic->limits.requests, 5U);
  EXPECT_EQ(set(*first, "b")->traffic, nullptr);
  EXPECT_EQ(set(*changed.snapshot, "a")->traffic->limits.requests, 6U);
  EXPECT_EQ(changed.changes.replaced, std::vector<BackendSetId>{set(*first, "a")->id});
  EXPECT_EQ(set(*without.snapshot, "a")->traffic, nullptr);
  EXPECT_EQ(set(*without.snapshot, "b"), set(*first, "b"));
}

TEST_F(SnapshotBuilderTest, ARouteIsBoundAnewWhenAFilterItNamesChanges) {
  auto filter = [](std::string_view name, std::string_view status) {
    return str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: ", name,
                   "}, spec: {directResponse: {status: ", status, "}}}\n---\n");
  };
  std::string route =
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: "
      "'', "
      "kind: Service, name: a}], rules: [{filters: [{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: "
      "HTTPRouteFilter, name: f}}]}]}}\n---\n";
  auto first = replace(service_yaml("a") + filter("f", "200") + filter("g", "200") + route).snapshot;

  auto other = delta(filter("g", "201")).snapshot;
  auto same = delta(filter("f", "202"));

  EXPECT_EQ(other->routes()[0], first->routes()[0]);
  EXPECT_NE(same.snapshot->routes()[0], first->routes()[0]);
  EXPECT_EQ(same.snapshot->routes()[0]->rules[0].filters->direct_response()->status, 202);
  EXPECT_TRUE(same.changes.services_changed);
}

// By name it is the same service; what is behind its port is another set.
TEST_F(SnapshotBuilderTest, ARouteIsBoundAnewWhenAMirrorLeadsElsewhere) {
  auto shadow = [](std::string_view set) {
    return str_cat("{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: shadow}, spec: {ports: [{port: 80, ",
                   "backendSet: ", set, "}]}}\n---\n");
  };
  std::string route =
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: "
      "'', kind: Service, name: a}], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: "
      "shadow, port: 80}}}], backendRefs: [{group: heddle.dev, kind: BackendSet, name: a}]}]}}\n---\n";
  auto first = replace(service_yaml("a") + service_yaml("b") + shadow("a") + route).snapshot;

  auto same = delta(service_yaml("b", 81)).snapshot;
  auto moved = delta(shadow("b")).snapshot;

  EXPECT_EQ(same->routes()[0], first->routes()[0]);
  ASSERT_NE(moved->routes()[0], first->routes()[0]);
  EXPECT_EQ(moved->routes()[0]->rules[0].filters->mirrors().set(0), set(*moved, "b")->id);
}

TEST_F(SnapshotBuilderTest, ConsumerRoutesReplaceProducerRoutesForTheirNamespace) {
  auto route = [](std::string_view ns, std::string_view name) {
    return str_cat(
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: ", name, ", namespace: ", ns,
        "}, spec: {parentRefs: [{group: '', kind: Service, name: a, namespace: default}], rules: [{backendRefs: "
        "[{group: heddle.dev, kind: BackendSet, name: a, namespace: default}]}]}}\n---\n");
  };

  auto snapshot = replace(service_yaml("a") + route("default", "p") + route("team", "c")).snapshot;

  ServiceRef ref = snapshot->resolve("a.default", "team");
  EXPECT_EQ(ref.port->router_for("team")->routes()[0]->spec->key.name, "c");
  EXPECT_EQ(ref.port->router_for("default")->routes()[0]->spec->key.name, "p");
  EXPECT_EQ(ref.port->router_for("other")->routes()[0]->spec->key.name, "p");
}

TEST_F(SnapshotBuilderTest, ARouteOfOnePortLeavesTheOthersAlone) {
  std::string service =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}, {port: 81}]}}\n---\n";
  std::string one_port(kRoute);
  one_port.replace(one_port.find("name: a"), 7, "name: a, port: 80");

  auto snapshot = replace(service + backend_set("a", 1) + backend_set("b", 1) + one_port).snapshot;

  EXPECT_NE(snapshot->resolve("a:80", "default").port->router_for("x"), nullptr);
  EXPECT_EQ(snapshot->resolve("a:81", "default").port->router_for("x"), nullptr);
}
}  // namespace
}  // namespace heddle
