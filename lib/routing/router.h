// Router: which rule of which route a request of one service port obeys. Immutable and shared by all workers;
// match() allocates nothing. Precedence over all rules of all HTTPRoutes (Gateway API): Exact path, longest
// RegularExpression, longest PathPrefix, method, most headers, most query parameters; over those of GRPCRoutes: longest
// service, longest method, most headers; ties: oldest route, "namespace/name", order of the rules. Routes of both kinds
// never share a router (lib/config/route_kinds.h). Expressions of paths are asked one by one, the rest is a tree.
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
class SessionPersistence;

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
  // The number of another one, by weight among those whose set is_wanted(BackendSetId); nothing: there is none.
  template <class Wanted>
  std::optional<size_t> number_among(uint64_t draw, Wanted&& is_wanted) const {
    if (several_ == nullptr) return std::nullopt;
    return several_->split.pick_among(draw, [&](size_t i) { return is_wanted(several_->backends[i]); });
  }
  BackendSetId at(size_t number) const { return several_ == nullptr ? *only_ : several_->backends[number]; }
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
  RouteTimeouts timeouts;                               // those of spec()
  std::shared_ptr<const RouteFilters> filters{};        // nullptr: the rule has none, nor has a backend
  std::shared_ptr<const SessionPersistence> session{};  // nullptr: requests do not stick
  const HttpRouteRule& spec() const noexcept { return route->rules[index]; }
};

// An HTTPRoute or GRPCRoute whose backends are resolved; shared by the routers of all its parents and by snapshots.
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
  bool has_limits = false;                      // the rule names timeouts or retries
  bool has_filters = false;                     // the rule or a backend names some
  bool has_session = false;                     // the rule keeps sessions
  uint8_t match_index = 0;                      // in the rule's spec
  const HttpMatch& match() const noexcept { return rule->spec().matches[match_index]; }
  std::optional<BackendSetId> pick(uint64_t draw) const noexcept {
    return only_backend ? only_backend : rule->backends.pick(draw);
  }
  MatchVerdict check(const RequestFacts& facts) const noexcept {  // of a path that fits
    return conditions == nullptr ? MatchVerdict{} : check_match(*conditions, facts);
  }
  MatchVerdict check_with_path(const RequestFacts& facts) const noexcept {  // of an expression
    return match().path.regex.matches(facts.path) ? check(facts) : MatchVerdict{Mismatch::kPath, 0};
  }
};
static_assert(kMaxRuleMatches <= UINT8_MAX);

class Router {
 public:
  explicit Router(std::vector<std::shared_ptr<const BoundRoute>> routes);

  // The best, or nullptr. `look(candidate, verdict)` is called for every candidate whose path fits or is an expression,
  // from the best on, until one matches.
  template <class Look>
  const RouteCandidate* match(const RequestFacts& facts, Look&& look) const {
    if (!ranks_.empty()) return match_with_expressions(facts, look);
    const RouteCandidate* found = nullptr;
    paths_.find(facts.path, [&](uint32_t place) {
      const RouteCandidate& candidate = candidates_[place];
      MatchVerdict verdict = candidate.check(facts);
      look(candidate, verdict);
      if (!verdict) return false;
      found = &candidate;
      return true;
    });
    return found;
  }
  const RouteCandidate* match(const RequestFacts& facts) const {
    return match(facts, [](const RouteCandidate&, MatchVerdict) {});
  }

  const std::vector<std::shared_ptr<const BoundRoute>>& routes() const noexcept { return routes_; }
  // All; of those with one and the same path the best comes first. For `plan`.
  std::span<const RouteCandidate> candidates() const noexcept { return candidates_; }

 private:
  void arrange(std::span<const RouteCandidate> by_precedence);
  // Both lists are in the order of their ranks: what the tree finds and the expressions are merged by them.
  template <class Look>
  const RouteCandidate* match_with_expressions(const RequestFacts& facts, Look&& look) const {
    uint32_t next = first_expression_;
    const RouteCandidate* found = nullptr;
    auto accepts = [&](const RouteCandidate& candidate, MatchVerdict verdict) {
      look(candidate, verdict);
      if (verdict) found = &candidate;
      return found != nullptr;
    };
    auto expressions_before = [&](uint32_t rank) {
      for (; next < candidates_.size() && ranks_[next] < rank; ++next) {
        if (accepts(candidates_[next], candidates_[next].check_with_path(facts))) return true;
      }
      return false;
    };
    bool done = paths_.find(facts.path, [&](uint32_t place) {
      return expressions_before(ranks_[place]) || accepts(candidates_[place], candidates_[place].check(facts));
    });
    if (!done) expressions_before(UINT32_MAX);
    return found;
  }

  std::vector<RouteCandidate> candidates_;  // in the order of paths_; behind them those whose path is an expression
  PathTree paths_;
  uint32_t first_expression_ = 0;
  std::vector<uint32_t> ranks_;  // of each candidate; empty: there are no expressions
  std::vector<std::shared_ptr<const BoundRoute>> routes_;
};
}  // namespace heddle
