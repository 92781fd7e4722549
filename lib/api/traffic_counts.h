// TrafficCounts: what a sidecar's watch report says of its requests (docs/watch-protocol.md): totals since its process
// began, which only grow. They travel among the counters of WatchReport under fixed names, as
// "outbound.requests", "inbound.le_5000" (answers within 5,000 us); who does not know a name leaves it alone.
// Pure values.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace heddle {
// Upper bounds in microseconds, rising: those of heddle_request_duration_seconds.
inline constexpr std::array<uint32_t, 14> kTrafficBounds = {500,       1'000,     2'500,     5'000,     10'000,
                                                            25'000,    50'000,    100'000,   250'000,   500'000,
                                                            1'000'000, 2'500'000, 5'000'000, 10'000'000};

struct TrafficCounts {
  uint64_t requests = 0;    // finished
  uint64_t errors = 0;      // answered 5xx, by us or by the upstream; without rejects
  uint64_t rejects = 0;     // turned away by us: denied, rate-limited, over a limit, overload
  uint64_t timed = 0;       // of these a duration is known
  uint64_t latency_us = 0;  // their sum
  std::array<uint64_t, kTrafficBounds.size()> within{};  // so many took at most kTrafficBounds[i]
  bool operator==(const TrafficCounts&) const = default;

  void add(const TrafficCounts&) noexcept;
  // What came after `earlier`. Nothing where a number went back: another process counts, or forgot unused series.
  TrafficCounts since(const TrafficCounts& earlier) const noexcept;
  double error_rate() const noexcept { return rate(errors, requests); }
  double reject_rate() const noexcept { return rate(rejects, requests); }
  double mean_us() const noexcept { return rate(latency_us, timed); }
  // Between two bounds in proportion; nothing without requests.
  std::optional<double> quantile_us(double quantile) const noexcept;

 private:
  static double rate(uint64_t part, uint64_t all) noexcept {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
  }
};

// Of a whole sidecar.
struct SidecarTraffic {
  TrafficCounts outbound;  // by its application
  TrafficCounts inbound;   // to its application
  bool operator==(const SidecarTraffic&) const = default;
};

using TrafficCounters = std::map<std::string, uint64_t>;
TrafficCounters to_counters(const SidecarTraffic&);
// Nothing: the counters tell of no traffic (an older sidecar).
std::optional<SidecarTraffic> traffic_of(const TrafficCounters&);
}  // namespace heddle
