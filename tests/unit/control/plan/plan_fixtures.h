// What the tests of plans share: two configurations as snapshots of one builder, routes in one line, facts to replay.
#pragma once
#include <gtest/gtest.h>

#include "control/plan/plan_replay.h"
#include "control/plan/secret_names.h"
#include "lib/base/strings.h"
#include "lib/config/model_maps.h"
#include "lib/snapshot/parsed_snapshots.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
struct PlanSides {
  std::shared_ptr<const Snapshot> before;
  std::shared_ptr<const Snapshot> after;
};

// As the store does, what both say alike is one object: `common` is parsed once.
inline PlanSides plan_sides(std::string_view common, std::string_view before, std::string_view after) {
  SecretNames secrets;
  ParsedSnapshots snapshots;
  Model shared = model_of(common);
  auto with = [&](std::string_view more) {
    Model out = more.empty() ? Model() : model_of(more);
    each_model_map([&](auto map) { (out.*map).insert((shared.*map).begin(), (shared.*map).end()); });
    auto made = snapshots.make(secrets.replace(std::make_shared<const Model>(std::move(out))), Version{1, 1});
    EXPECT_TRUE(made.has_value()) << made.error().text();
    return *made;
  };
  PlanSides out;
  out.before = with(before);
  out.after = with(after);
  return out;
}

// "a 9, b 1" -> backendRefs; `match` is what stands before them: "matches: [...], ".
inline std::string plan_rule(std::string_view match, std::initializer_list<std::pair<std::string_view, int>> backends) {
  std::string refs;
  for (const auto& [name, weight] : backends) {
    refs.append(str_cat(refs.empty() ? "" : ", ", "{group: heddle.dev, kind: BackendSet, name: ", name,
                        ", weight: ", std::to_string(weight), "}"));
  }
  return str_cat("{", match, "backendRefs: [", refs, "]}");
}

// An HTTPRoute of the service a.
inline std::string plan_route(std::string_view rules, std::string_view name = "r") {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: ", name,
                 "}, spec: {parentRefs: [{group: heddle.dev, kind: Service, name: a}], rules: [", rules, "]}}\n---\n");
}

inline RequestFact outbound_fact(std::string_view path = "/", uint64_t draw = 0) {
  RequestFact out;
  out.version = Version{1, 1};
  out.method = "GET";
  out.host = "a";
  out.path = path;
  out.ns = "default";
  out.peer = "spiffe://cluster.local/ns/default/sa/web";
  out.draw = draw;
  out.backend_set = "BackendSet/default/a";
  return out;
}
}  // namespace heddle
