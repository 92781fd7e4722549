#include "lib/decision/decide.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string route(std::string_view rules) {
  return str_cat(
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: "
      "[{group: '', kind: Service, name: a}], rules: [",
      rules, "]}}\n---\n");
}
constexpr std::string_view kSplit =
    "{matches: [{path: {value: /split}, headers: [{name: x-user, value: ada}]}], backendRefs: [{group: heddle.dev, "
    "kind: "
    "BackendSet, name: a, weight: 3}, {group: heddle.dev, kind: BackendSet, name: b, weight: 1}]}";
constexpr std::string_view kNobody =
    "{name: off, matches: [{path: {value: /off}}], backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, "
    "weight: 0}]}";

struct Ada {
  std::optional<std::string_view> get(std::string_view name) const {
    return name == "x-user" ? std::optional<std::string_view>("ada") : std::nullopt;
  }
};

class DecideTest : public testing::Test {
 protected:
  Decision ask(std::string_view authority, std::string_view path, uint64_t draw = 0, Trace* trace = nullptr) {
    Ada ada;
    RequestFacts facts{"GET", "http", authority, path, "", HeaderView(ada)};
    return decide(*snapshot_, {snapshot_->resolve(authority, "default"), "default", &facts, draw}, trace);
  }
  std::shared_ptr<const Snapshot> snapshot_ =
      snapshot_of(service_yaml("a") + service_yaml("b") + route(str_cat(kSplit, ", ", kNobody)));
};

TEST_F(DecideTest, WithoutRoutesThePortSaysWhere) {
  Decision decision = ask("b", "/any");

  ASSERT_TRUE(decision);
  EXPECT_EQ(decision.backends->spec->key.name, "b");
  EXPECT_EQ(decision.rule, nullptr);
}

TEST_F(DecideTest, ADrawReplaysToTheSameBackendSet) {
  EXPECT_EQ(ask("a", "/split", 0).backends->spec->key.name, "a");
  EXPECT_EQ(ask("a", "/split", 3ULL << 62).backends->spec->key.name, "b");
  EXPECT_EQ(ask("a", "/split", 3ULL << 62).backends->spec->key.name, "b");
}

TEST_F(DecideTest, UnknownServicesHaveTheirReason) { EXPECT_EQ(ask("nobody", "/").reason, Reason::kServiceUnknown); }

TEST_F(DecideTest, ARouteReplacesTheDefaultSoTheRestIsNotFound) {
  Decision decision = ask("a", "/other");

  EXPECT_EQ(decision.reason, Reason::kRouteNotFound);
  EXPECT_EQ(decision.backends, nullptr);
}

TEST_F(DecideTest, WeightsOfZeroLeaveNoBackendSet) {
  Decision decision = ask("a", "/off");

  EXPECT_EQ(decision.reason, Reason::kBackendSetMissing);
  EXPECT_EQ(decision.rule->spec().name, "off");
}

// Of a cluster: one of three parts leads nowhere.
class DecideUnresolved : public DecideTest {
 protected:
  DecideUnresolved() {
    snapshot_ = snapshot_of(
        service_yaml("a") + service_yaml("b") +
        route("{backendRefs: [{name: gone, port: 80, weight: 1, unresolved: 'BackendNotFound: no Service'}, "
              "{group: heddle.dev, kind: BackendSet, name: b, weight: 2}]}"));
  }
};

TEST_F(DecideUnresolved, ItsShareHasAReasonAndTheOthersKeepTheirs) {
  size_t lost = 0;
  constexpr size_t kAsked = 300;
  for (size_t i = 0; i < kAsked; ++i) {
    Decision decision = ask("a", "/", UINT64_MAX / kAsked * i);
    EXPECT_EQ(decision.reason, decision ? Reason::kNone : Reason::kBackendSetMissing);
    EXPECT_EQ(decision ? decision.backends->spec->key.name : "b", "b");
    lost += decision ? 0 : 1;
  }
  EXPECT_NEAR(static_cast<double>(lost), kAsked / 3.0, 1);
}

TEST_F(DecideUnresolved, ItCostsNoAllocation) {
  AllocationCounter counter;
  Decision decision = ask("a", "/", 0);
  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(decision.reason, Reason::kBackendSetMissing);
}

TEST_F(DecideTest, ATcpConnectionGoesWhereThePortSays) {
  Decision decision = decide(*snapshot_, {snapshot_->resolve("a", "default"), "default", nullptr, 0});

  ASSERT_TRUE(decision);
  EXPECT_EQ(decision.backends->spec->key.name, "a");
}

TEST_F(DecideTest, TheTraceSaysWhyEachCandidateMatchedOrNot) {
  snapshot_ = snapshot_of(
      service_yaml("a") + service_yaml("b") +
      route(
          str_cat("{matches: [{path: {value: /split}, method: POST}], backendRefs: [{name: b, port: 80}]}, ", kSplit)));
  Trace trace;

  ask("a", "/split/1", 0, &trace);

  EXPECT_EQ(trace.text(),
            "service: Service default/a port 80\n"
            "HTTPRoute default/r rule 0 PathPrefix /split: method differs: POST is asked for\n"
            "HTTPRoute default/r rule 1 PathPrefix /split: matches\n"
            "backend set: BackendSet default/a, drawn from 2 by weight");
}

TEST_F(DecideTest, AllocatesNothing) {
  std::string authority = "a.default.svc.cluster.local:80";
  int decided = 0;
  AllocationCounter counter;

  for (std::string_view path : {"/split/x/y/z", "/off", "/other"}) decided += ask(authority, path, 77).rule != nullptr;
  decided += static_cast<bool>(ask("b", "/"));

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(decided, 3);
}
}  // namespace
}  // namespace heddle
