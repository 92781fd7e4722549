// Picking an endpoint, for every policy there is, among 10 and 10,000.
#include <benchmark/benchmark.h>

#include "proxy/lb/registry.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
void Pick(benchmark::State& state, const LbFactory& factory) {
  HealthTable table;
  SeededRandom random;
  std::vector<LbCandidate> candidates;
  for (int64_t i = 0; i < state.range(0); ++i) {
    candidates.push_back({table.get({Address::loopback(static_cast<uint16_t>(1 + i)), ""}), 1});
  }
  auto balancer = factory(LbInputs{random, *table.epoch()});
  balancer->update(std::move(candidates));
  MonoTime now(100s);
  for (auto _ : state) {
    auto picked = balancer->pick({.now = now});
    if (!picked) return state.SkipWithError("nothing was picked");
    now = now + 10us;
    balancer->on_response(*picked, 1ms, now);
  }
}

const int registered = [] {
  const LbRegistry registry = make_lb_registry();
  for (const std::string& name : registry.names()) {
    auto factory = registry.find(name);
    benchmark::RegisterBenchmark(("Pick/" + name).c_str(), [factory](benchmark::State& s) { Pick(s, *factory); })
        ->Arg(10)
        ->Arg(10'000);
  }
  return 0;
}();
}  // namespace
}  // namespace heddle
