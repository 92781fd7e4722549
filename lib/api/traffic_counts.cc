#include "lib/api/traffic_counts.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kOutbound = "outbound.";
constexpr std::string_view kInbound = "inbound.";

// One list of names for both ways; f(name, number).
template <class Counts, class F>
void for_each_count(std::string_view direction, Counts& counts, F&& f) {
  f(str_cat(direction, "requests"), counts.requests);
  f(str_cat(direction, "errors"), counts.errors);
  f(str_cat(direction, "rejects"), counts.rejects);
  f(str_cat(direction, "timed"), counts.timed);
  f(str_cat(direction, "latency_us"), counts.latency_us);
  for (size_t i = 0; i < kTrafficBounds.size(); ++i) {
    f(str_cat(direction, "le_", std::to_string(kTrafficBounds[i])), counts.within[i]);
  }
}

template <class F>
void zip(TrafficCounts& a, const TrafficCounts& b, F&& f) {
  f(a.requests, b.requests);
  f(a.errors, b.errors);
  f(a.rejects, b.rejects);
  f(a.timed, b.timed);
  f(a.latency_us, b.latency_us);
  for (size_t i = 0; i < a.within.size(); ++i) f(a.within[i], b.within[i]);
}
}  // namespace

void TrafficCounts::add(const TrafficCounts& other) noexcept {
  zip(*this, other, [](uint64_t& a, uint64_t b) { a += b; });
}

TrafficCounts TrafficCounts::since(const TrafficCounts& earlier) const noexcept {
  bool went_back = false;
  TrafficCounts out = *this;
  zip(out, earlier, [&went_back](uint64_t& a, uint64_t b) {
    went_back |= a < b;
    a -= b;
  });
  return went_back ? TrafficCounts{} : out;
}

std::optional<double> TrafficCounts::quantile_us(double quantile) const noexcept {
  if (timed == 0) return std::nullopt;
  double wanted = quantile * static_cast<double>(timed);
  double low = 0;
  uint64_t before = 0;
  for (size_t i = 0; i < kTrafficBounds.size(); ++i) {
    double high = kTrafficBounds[i];
    if (static_cast<double>(within[i]) >= wanted && within[i] > before) {
      double part = (wanted - static_cast<double>(before)) / static_cast<double>(within[i] - before);
      return low + (high - low) * part;
    }
    low = high;
    before = within[i];
  }
  return low;
}

TrafficCounters to_counters(const SidecarTraffic& traffic) {
  TrafficCounters out;
  auto put = [&out](std::string name, uint64_t value) { out[std::move(name)] = value; };
  for_each_count(kOutbound, traffic.outbound, put);
  for_each_count(kInbound, traffic.inbound, put);
  return out;
}

std::optional<SidecarTraffic> traffic_of(const TrafficCounters& counters) {
  SidecarTraffic out;
  bool is_told = false;
  auto take = [&](const std::string& name, uint64_t& value) {
    auto found = counters.find(name);
    if (found == counters.end()) return;
    value = found->second;
    is_told = true;
  };
  for_each_count(kOutbound, out.outbound, take);
  for_each_count(kInbound, out.inbound, take);
  return is_told ? std::optional(out) : std::nullopt;
}
}  // namespace heddle
