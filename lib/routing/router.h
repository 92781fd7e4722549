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
class RouteFilters;

// Weighted backends. A single one, the usual case, needs no other memory.
class BackendChoice {
 public:
  BackendChoice() = default;
  BackendChoice(std::vector<BackendSetId> backends, std::span<const uint32_t> weights);
  // Nothing when every weight is zero.
  std::optional<BackendSetId> pick(uint64_t draw) const noexcept;
  // Its number in the rule, for what depends on more than the set; 0 when every weight is zero.
  size_t number(uint64_t draw) const noexcept;
  std::optional<BackendSetId> only() const noexcept { return only_; }
  bool has_same_backends(const BackendChoice& other) const noexcept;

 private:
  struct Several {
    std::vector<BackendSetId> backends;
    TrafficSplit split;
  };
  std::optional<BackendSetId> only_;
  std::unique_ptr<const Several> several_;
};

// One rule with its references resolved. Its id stays the same while the route keeps this rule number.
struct RouteRule {
  RouteId id;
  uint32_t index = 0;  // in the route's rules
  const HttpRouteSpec* route = nullptr;
  BackendChoice backends;
  RouteTimeouts timeouts;                         // those of spec()
  std::shared_ptr<const RouteFilters> filters{};  // nullptr: the rule has none, nor has a backend
  const HttpRouteRule& spec() const noexcept { return route->rules[index]; }
};

// A route whose backends are resolved; shared by the routers of all its parents and by snapshots.
struct BoundRoute {
  std::shared_ptr<const HttpRouteSpec> spec;
  std::vector<RouteRule> rules;
};

// One match of one rule, in the order of precedence apart from the path; and what most requests need of the rule, so
// that they need not look there.
struct RouteCandidate {
  const RouteRule* rule = nullptr;
  const MatchConditions* conditions = nullptr;  // those of the match; nullptr: it asks for the path alone
  RouteId id;                                   // of the rule
  std::optional<BackendSetId> only_backend;     // nothing: the rule has several, or none with a weight
  bool has_timeouts = false;                    // the rule names some
  bool has_filters = false;                     // the rule or a backend names some
  uint8_t match_index = 0;                      // in the rule's spec
  const HttpMatch& match() const noexcept { return rule->spec().matches[match_index]; }
  std::optional<BackendSetId> pick(uint64_t draw) const noexcept {
    return only_backend ? only_backend : rule->backends.pick(draw);
  }
};
static_assert(kMaxRuleMatches <= UINT8_MAX);

class Router {
 public:
  explicit Router(std::vector<std::shared_ptr<const BoundRoute>> routes);

  // The best, or nullptr. `look(candidate, mismatch)` is called for every candidate whose path fits, until one matches.
  template <class Look>
  const RouteCandidate* match(const RequestFacts& facts, Look&& look) const {
    const RouteCandidate* found = nullptr;
    paths_.find(facts.path, [&](uint32_t place) {
      const RouteCandidate& candidate = candidates_[place];
      Mismatch mismatch = candidate.conditions == nullptr ? Mismatch::kNone : check_match(*candidate.conditions, facts);
      look(candidate, mismatch);
      if (mismatch != Mismatch::kNone) return false;
      found = &candidate;
      return true;
    });
    return found;
  }
  const RouteCandidate* match(const RequestFacts& facts) const {
    return match(facts, [](const RouteCandidate&, Mismatch) {});
  }

  const std::vector<std::shared_ptr<const BoundRoute>>& routes() const noexcept { return routes_; }

 private:
  std::vector<RouteCandidate> candidates_;  // in the order of paths_
  PathTree paths_;
  std::vector<std::shared_ptr<const BoundRoute>> routes_;
};
}  // namespace heddle
