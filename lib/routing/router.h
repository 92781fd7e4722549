// Router: which rule of which HTTPRoute a request of one service port obeys. Immutable and shared by all workers;
// match() allocates nothing. Precedence over all rules of all routes (Gateway API): Exact path, longest PathPrefix,
// method, most headers, most query parameters; ties: oldest route, "namespace/name", order of the rules.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "lib/base/strong_id.h"
#include "lib/config/model.h"
#include "lib/routing/matcher.h"
#include "lib/routing/path_tree.h"
#include "lib/routing/traffic_split.h"

namespace heddle {
// One rule with its references resolved. Its id stays the same while the route keeps this rule number.
struct RouteRule {
  RouteId id;
  const HttpRouteSpec* route = nullptr;
  uint32_t index = 0;  // in the route's rules
  std::vector<BackendSetId> backends;
  TrafficSplit split;
  const HttpRouteRule& spec() const noexcept { return route->rules[index]; }
  // Nothing when every weight is zero.
  std::optional<BackendSetId> pick(uint64_t draw) const noexcept;
};

// A route whose backends are resolved; shared by the routers of all its parents and by snapshots.
struct BoundRoute {
  std::shared_ptr<const HttpRouteSpec> spec;
  std::vector<RouteRule> rules;
};

// One match of one rule, in the order of precedence apart from the path.
struct RouteCandidate {
  const RouteRule* rule = nullptr;
  const HttpMatch* match = nullptr;
};

class Router {
 public:
  explicit Router(std::vector<std::shared_ptr<const BoundRoute>> routes);

  // The rule, or nullptr. `look(candidate, mismatch)` is called for every candidate whose path fits, until one matches.
  template <class Look>
  const RouteRule* match(const RequestFacts& facts, Look&& look) const {
    const RouteRule* found = nullptr;
    paths_.find(facts.path, [&](uint32_t i) {
      const RouteCandidate& candidate = candidates_[i];
      Mismatch mismatch = check_match(*candidate.match, facts);
      look(candidate, mismatch);
      if (mismatch != Mismatch::kNone) return false;
      found = candidate.rule;
      return true;
    });
    return found;
  }
  const RouteRule* match(const RequestFacts& facts) const {
    return match(facts, [](const RouteCandidate&, Mismatch) {});
  }

  const std::vector<std::shared_ptr<const BoundRoute>>& routes() const noexcept { return routes_; }
  std::span<const RouteCandidate> candidates() const noexcept { return candidates_; }

 private:
  std::vector<std::shared_ptr<const BoundRoute>> routes_;
  std::vector<RouteCandidate> candidates_;
  PathTree paths_;
};
}  // namespace heddle
