#include "lib/routing/router.h"

#include <algorithm>
#include <tuple>

namespace heddle {
namespace {
// Smaller is better. A route without a time (from files) is younger than any with one.
auto precedence(const RouteCandidate& candidate) {
  const MatchConditions& match = *candidate.match().conditions;
  const HttpRouteSpec& route = *candidate.rule->route;
  WallTime created = route.created.value_or(WallTime(Duration::max()));
  return std::tuple(match.method.empty(), ~match.headers.size(), ~match.query.size(), created,
                    std::string_view(route.key.ns), std::string_view(route.key.name), candidate.rule->index);
}

RouteCandidate candidate_of(const RouteRule& rule, uint8_t match) {
  const Rare<MatchConditions>& conditions = rule.spec().matches[match].conditions;
  return {&rule,
          conditions.is_default() ? nullptr : &*conditions,
          rule.id,
          rule.backends.only(),
          rule.timeouts.request || rule.timeouts.backend_request,
          rule.filters != nullptr,
          match};
}
}  // namespace

BackendChoice::BackendChoice(std::vector<BackendSetId> backends, std::span<const uint32_t> weights) {
  if (backends.size() > 1) {
    several_ = std::make_unique<const Several>(Several{std::move(backends), TrafficSplit(weights)});
  } else if (!backends.empty() && weights[0] != 0) {
    only_ = backends[0];
  }
}

std::optional<BackendSetId> BackendChoice::pick(uint64_t draw) const noexcept {
  if (several_ == nullptr) return only_;
  std::optional<size_t> choice = several_->split.pick(draw);
  if (!choice) return std::nullopt;
  return several_->backends[*choice];
}

size_t BackendChoice::number(uint64_t draw) const noexcept {
  return several_ == nullptr ? 0 : several_->split.pick(draw).value_or(0);
}

bool BackendChoice::has_same_backends(const BackendChoice& other) const noexcept {
  if (several_ == nullptr || other.several_ == nullptr) return several_ == other.several_ && only_ == other.only_;
  return several_->backends == other.several_->backends;
}

Router::Router(std::vector<std::shared_ptr<const BoundRoute>> routes) : routes_(std::move(routes)) {
  std::vector<RouteCandidate> found;
  for (const auto& route : routes_) {
    for (const RouteRule& rule : route->rules) {
      const std::vector<HttpMatch>& matches = rule.spec().matches;
      for (uint8_t i = 0; i < matches.size(); ++i) found.push_back(candidate_of(rule, i));
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const RouteCandidate& a, const RouteCandidate& b) { return precedence(a) < precedence(b); });
  std::vector<const PathMatch*> paths;
  paths.reserve(found.size());
  for (const RouteCandidate& candidate : found) paths.push_back(&candidate.match().path);
  paths_ = PathTree(paths);
  candidates_.reserve(found.size());
  for (uint32_t number : paths_.take_order()) candidates_.push_back(found[number]);
}
}  // namespace heddle
