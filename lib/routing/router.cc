#include "lib/routing/router.h"

#include <algorithm>
#include <tuple>

namespace heddle {
namespace {
// Smaller is better. A route without a time (from files) is younger than any with one.
auto precedence(const RouteCandidate& candidate) {
  const HttpMatch& match = *candidate.match;
  const HttpRouteSpec& route = *candidate.rule->route;
  WallTime created = route.created.value_or(WallTime(Duration::max()));
  return std::tuple(match.method.empty(), ~match.headers.size(), ~match.query.size(), created,
                    std::string_view(route.key.ns), std::string_view(route.key.name), candidate.rule->index);
}
}  // namespace

std::optional<BackendSetId> RouteRule::pick(uint64_t draw) const noexcept {
  std::optional<size_t> choice = split.pick(draw);
  if (!choice) return std::nullopt;
  return backends[*choice];
}

Router::Router(std::vector<std::shared_ptr<const BoundRoute>> routes) : routes_(std::move(routes)) {
  for (const auto& route : routes_) {
    for (const RouteRule& rule : route->rules) {
      for (const HttpMatch& match : rule.spec().matches) candidates_.push_back({&rule, &match});
    }
  }
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const RouteCandidate& a, const RouteCandidate& b) { return precedence(a) < precedence(b); });
  for (uint32_t i = 0; i < candidates_.size(); ++i) paths_.add(candidates_[i].match->path, i);
}
}  // namespace heddle
