// Finding the rule of a request: 10 against 10,000 routes, 10 against 1,000 hosts, requests drawn uniformly.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "lib/base/strings.h"
#include "lib/routing/host_index.h"
#include "lib/routing/router.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr size_t kDraws = 4096;

std::shared_ptr<const BoundRoute> route(size_t number) {
  auto spec = std::make_shared<HttpRouteSpec>();
  spec->key = ResourceKey{Kind::kHttpRoute, "default", str_cat("r", std::to_string(number))};
  HttpRouteRule rule;
  rule.matches.push_back(HttpMatch{{PathMatchType::kPrefix, str_cat("/api/r", std::to_string(number))}, {}});
  spec->rules.push_back(std::move(rule));
  auto bound = std::make_shared<BoundRoute>();
  bound->spec = spec;
  bound->rules.push_back({RouteId(static_cast<uint32_t>(number)), 0, spec.get(), {}, {}});
  return bound;
}

std::vector<std::string> draws(std::string_view before, std::string_view after, size_t count) {
  SeededRandom random;
  std::vector<std::string> out;
  for (size_t i = 0; i < kDraws; ++i) out.push_back(str_cat(before, std::to_string(random.next() % count), after));
  return out;
}

void RouterMatch(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<std::shared_ptr<const BoundRoute>> routes;
  for (size_t i = 0; i < count; ++i) routes.push_back(route(i));
  const Router router(std::move(routes));
  const auto paths = draws("/api/r", "/items/17", count);
  size_t i = 0;
  for (auto _ : state) {
    const RouteCandidate* rule = router.match({"GET", "http", "shop", paths[i++ % kDraws], "", {}});
    if (rule == nullptr) state.SkipWithError("no rule matches");
    benchmark::DoNotOptimize(rule);
  }
}
BENCHMARK(RouterMatch)->Arg(10)->Arg(10'000);

void HostIndexFind(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  HostIndex hosts;
  for (size_t i = 0; i < count; ++i) hosts.add(str_cat("h", std::to_string(i), ".shop"), static_cast<uint32_t>(i));
  const auto names = draws("h", ".shop", count);
  size_t i = 0;
  for (auto _ : state) {
    auto found = hosts.find(names[i++ % kDraws]);
    if (!found) state.SkipWithError("a host is missing");
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(HostIndexFind)->Arg(10)->Arg(1'000);
}  // namespace
}  // namespace heddle
