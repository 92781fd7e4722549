#include "lib/routing/router.h"

#include <algorithm>
#include <tuple>

namespace heddle {
namespace {
// Where a match stands by its path, smaller is better. HTTPRoute: exact, expressions, prefixes, the longest first.
// GRPCRoute: the longest service, then the longest method, however they are written.
std::tuple<size_t, size_t> path_precedence(const RouteCandidate& candidate) {
  const HttpMatch& match = candidate.match();
  if (candidate.rule->route->key.kind == Kind::kGrpcRoute)
    return {~match.grpc->service.size(), ~match.grpc->method.size()};
  constexpr size_t kExactFirst = 0;
  constexpr size_t kThenExpressions = 1;
  constexpr size_t kThenPrefixes = 2;
  if (match.path.type == PathMatchType::kExact) return {kExactFirst, 0};
  std::string_view value = match.path.value;
  if (match.path.type == PathMatchType::kRegex) return {kThenExpressions, ~value.size()};
  return {kThenPrefixes, ~(value.ends_with('/') ? value.size() - 1 : value.size())};
}

// Smaller is better. A route without a time (from files) is younger than any with one.
auto precedence(const RouteCandidate& candidate) {
  const MatchConditions& match = *candidate.match().conditions;
  const HttpRouteSpec& route = *candidate.rule->route;
  WallTime created = route.created.value_or(WallTime(Duration::max()));
  return std::tuple(path_precedence(candidate), match.method.empty(), ~match.headers.size(), ~match.query.size(),
                    created, std::string_view(route.key.ns), std::string_view(route.key.name), candidate.rule->index);
}

RouteCandidate candidate_of(const RouteRule& rule, uint8_t match) {
  const Rare<MatchConditions>& conditions = rule.spec().matches[match].conditions;
  return {&rule,
          conditions.is_default() ? nullptr : &*conditions,
          rule.id,
          rule.backends.only(),
          rule.timeouts.request || rule.timeouts.backend_request || rule.spec().retry,
          rule.filters != nullptr,
          rule.session != nullptr,
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
  arrange(found);
}

void Router::arrange(std::span<const RouteCandidate> found) {
  std::vector<const PathMatch*> paths;
  std::vector<uint32_t> in_tree;  // rank of each path
  std::vector<uint32_t> expressions;
  for (uint32_t rank = 0; rank < found.size(); ++rank) {
    const PathMatch& path = found[rank].match().path;
    (path.type == PathMatchType::kRegex ? expressions : in_tree).push_back(rank);
    if (path.type != PathMatchType::kRegex) paths.push_back(&path);
  }
  paths_ = PathTree(paths);
  candidates_.reserve(found.size());
  std::vector<uint32_t> ranks;
  for (uint32_t number : paths_.take_order()) ranks.push_back(in_tree[number]);
  first_expression_ = static_cast<uint32_t>(ranks.size());
  ranks.insert(ranks.end(), expressions.begin(), expressions.end());
  for (uint32_t rank : ranks) candidates_.push_back(found[rank]);
  if (!expressions.empty()) ranks_ = std::move(ranks);
}
}  // namespace heddle
