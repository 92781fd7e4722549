#include "lib/policy/priority.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
const SpiffeId kWeb = *SpiffeId::parse("spiffe://td/ns/default/sa/web");
const SpiffeId kBatch = *SpiffeId::parse("spiffe://td/ns/jobs/sa/batch");
const SpiffeId kForeign = *SpiffeId::parse("spiffe://other/ns/default/sa/web");

struct Ask {
  const SpiffeId* peer = &kWeb;
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers{};
  uint16_t port = 8080;
};

std::string workload_yaml(std::string_view name, std::string_view identity, std::string_view more) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: ", name, "}, spec: {identity: '",
                 identity, "'", more, "}}\n---\n");
}

class Priorities {
 public:
  explicit Priorities(std::string_view rules)
      : snapshot_(
            snapshot_of(workload_yaml("app", "spiffe://td/app", str_cat(", overload: {priorities: [", rules, "]}")))) {}
  // "low 1"; "default -": no rule.
  std::string of(const Ask& ask) {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method(ask.method) && head.set_path(ask.path));
    for (const auto& [name, value] : ask.headers) EXPECT_TRUE(head.fields().add(name, value));
    bool is_foreign = ask.peer != nullptr && ask.peer->trust_domain_name() != "td";
    verdict_ = priority_of(spec(), {ask.peer, is_foreign, ask.port, &head});
    return str_cat(to_text(verdict_.priority), " ", verdict_.rule ? std::to_string(*verdict_.rule) : "-");
  }
  const PriorityVerdict& verdict() const { return verdict_; }

 private:
  const OverloadSpec& spec() const { return *snapshot_->model().workloads.begin()->second->overload; }
  BlockPool pool_;
  std::shared_ptr<const Snapshot> snapshot_;
  PriorityVerdict verdict_;
};

constexpr std::string_view kBatchIsLow = "{priority: low, from: [{identities: ['spiffe://td/ns/jobs/*']}]}";
constexpr std::string_view kCheckoutIsHigh = "{priority: high, to: [{paths: [{type: PathPrefix, value: /checkout}]}]}";

TEST(RequestPriorities, TheFirstRuleThatMatchesDecides) {
  Priorities rules(str_cat(kBatchIsLow, ", ", kCheckoutIsHigh));
  EXPECT_EQ(rules.of({.peer = &kBatch}), "low 0");
  EXPECT_EQ(rules.of({.peer = &kBatch, .path = "/checkout"}), "low 0");
  EXPECT_EQ(rules.of({.path = "/checkout/1"}), "high 1");
  EXPECT_EQ(rules.of({.path = "/cart"}), "default -");
  EXPECT_EQ(rules.of({.peer = nullptr}), "default -");
}

TEST(RequestPriorities, ACallersOwnWordRaisesNothing) {
  Priorities rules(
      "{priority: critical, from: [{identities: ['spiffe://td/ns/default/sa/web']}], "
      "to: [{headers: [{name: x-urgent}]}]}");
  EXPECT_EQ(rules.of({.peer = &kBatch, .headers = {{"x-urgent", "1"}}}), "default -");
  EXPECT_EQ(rules.of({.peer = nullptr, .headers = {{"x-urgent", "1"}}}), "default -");
  EXPECT_EQ(rules.of({.headers = {{"x-urgent", "1"}}}), "critical 0");
}

TEST(RequestPriorities, WhatMayBeReadInTwoWaysIsNotRaisedButLowered) {
  Priorities raised(kCheckoutIsHigh);
  Priorities lowered("{priority: low, to: [{paths: [{type: PathPrefix, value: /checkout}]}]}");
  for (std::string_view path : {"//checkout", "/;x/checkout"}) {
    EXPECT_EQ(raised.of({.path = std::string(path)}), "default -") << path;
    EXPECT_EQ(lowered.of({.path = std::string(path)}), "low 0") << path;
  }
}

TEST(RequestPriorities, WhatIsForEverybodyRaisesNobodyOfAnotherTrustDomain) {
  Priorities rules(str_cat(kCheckoutIsHigh, ", {priority: low, to: [{paths: [{type: Exact, value: /x}]}]}"));
  EXPECT_EQ(rules.of({.peer = &kForeign, .path = "/checkout"}), "default -");
  EXPECT_EQ(rules.of({.peer = &kForeign, .path = "/x"}), "low 1");
}

TEST(RequestPriorities, APortThatIsNotKnownIsSaid) {
  Priorities rules("{priority: high, to: [{ports: [8080]}]}");
  EXPECT_EQ(rules.of({}), "high 0");
  EXPECT_FALSE(rules.verdict().depends_on_port);
  EXPECT_EQ(rules.of({.port = 0}), "default -");
  EXPECT_TRUE(rules.verdict().depends_on_port);
}

TEST(RequestPriorities, TheWorkloadOfTheIdentityThatSaysSomethingCounts) {
  std::string some = ", overload: {adaptiveConcurrency: {}}";
  auto snapshot = snapshot_of(str_cat(workload_yaml("a", kWeb.text(), ""), workload_yaml("b", kBatch.text(), some),
                                      workload_yaml("c", kWeb.text(), some)));
  const auto& workloads = snapshot->model().workloads;

  ASSERT_NE(overload_of(workloads, kWeb), nullptr);
  EXPECT_EQ(overload_of(workloads, kWeb)->key.name, "c");
  EXPECT_EQ(overload_of(workloads, kForeign), nullptr);
}

TEST(RequestPriorities, KnowsHealthProbes) {
  struct Row {
    std::string method;
    std::string path;
    bool is_probe;
  };
  BlockPool pool;
  for (const Row& row :
       {Row{"GET", "/healthz", true}, Row{"HEAD", "/livez", true}, Row{"GET", "/readyz?verbose", true},
        Row{"POST", "/grpc.health.v1.Health/Check", true}, Row{"POST", "/healthz", false},
        Row{"GET", "/healthz/..", false}, Row{"GET", "/healthz2", false},
        Row{"GET", "/grpc.health.v1.Health/Check", false}, Row{"POST", "/grpc.health.v1.Health/Watch", false}}) {
    RequestHead head(pool);
    ASSERT_TRUE(head.set_method(row.method) && head.set_path(row.path));
    EXPECT_EQ(is_health_probe(head), row.is_probe) << row.method << " " << row.path;
  }
}
}  // namespace
}  // namespace heddle
