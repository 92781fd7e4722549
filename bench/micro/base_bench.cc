// Buffers and metric cells: what every byte and every request pays.
#include <benchmark/benchmark.h>

#include <string>

#include "lib/base/buffer.h"
#include "lib/metrics/registry.h"

namespace heddle {
namespace {
void BufferAppendConsume(benchmark::State& state) {
  BlockPool pool;
  Buffer buffer(pool);
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    buffer.append(bytes);
    buffer.consume(bytes.size());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BufferAppendConsume)->Arg(100)->Arg(1024)->Arg(16384)->Arg(65536);

// Moves range(0) bytes from one buffer to another: no copy, whatever the size.
void BufferMove(benchmark::State& state) {
  BlockPool pool;
  Buffer from(pool, std::string(static_cast<size_t>(state.range(0)), 'x'));
  Buffer to(pool);
  for (auto _ : state) {
    to.append(std::move(from));
    from.append(std::move(to));
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(BufferMove)->Arg(1024)->Arg(65536);

void BufferTake(benchmark::State& state) {
  BlockPool pool;
  Buffer buffer(pool, std::string(65536, 'x'));
  for (auto _ : state) {
    Buffer first = buffer.take(16384);
    buffer.append(std::move(first));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BufferTake);

constexpr MetricFamily kRequests{"heddle_bench_requests_total", "Requests.", MetricType::kCounter, {"service"}};
constexpr MetricFamily kLatency{
    "heddle_bench_seconds", "Latency.", MetricType::kHistogram, {"service"}, kLatencyBuckets};

void CounterAdd(benchmark::State& state) {
  Registry registry;
  Counter counter = registry.scope().counter(kRequests, {{"service", "web"}});
  for (auto _ : state) {
    counter.add();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(CounterAdd);

void HistogramObserve(benchmark::State& state) {
  Registry registry;
  Histogram histogram = registry.scope().histogram(kLatency, {{"service", "web"}});
  const Duration taken = std::chrono::milliseconds(state.range(0));
  for (auto _ : state) {
    histogram.observe(taken);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(HistogramObserve)->Arg(0)->Arg(30)->Arg(20000);

// One scrape of range(0) series.
void RegistryRender(benchmark::State& state) {
  Registry registry;
  std::vector<Counter> counters;
  for (int64_t i = 0; i < state.range(0); ++i) {
    counters.push_back(registry.scope().counter(kRequests, {{"service", std::to_string(i)}}));
  }
  for (auto _ : state) benchmark::DoNotOptimize(registry.render());
}
BENCHMARK(RegistryRender)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);
}  // namespace
}  // namespace heddle
