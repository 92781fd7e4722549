#include "proxy/resilience/outlier_detector.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace heddle {
namespace {
constexpr uint64_t kFewErrors = 5;      // with fewer nobody has a success rate worth judging
constexpr double kRounding = 1e-9;      // of the mean: nobody is below it by that alone
constexpr size_t kFewestLatencies = 3;  // of two endpoints nobody knows which one is the outlier
constexpr double kNoise = 0.001;        // seconds; what is faster than this is all alike
constexpr uint16_t kFirstServerError = 500;

bool is_gateway_status(uint16_t status) noexcept { return status >= 502 && status <= 504; }

OutlierOutcome outcome_of_status(uint16_t status) noexcept {
  if (is_gateway_status(status)) return OutlierOutcome::kGatewayError;
  return status >= kFirstServerError ? OutlierOutcome::kError : OutlierOutcome::kSuccess;
}

struct Measured {
  size_t index = 0;
  double value = 0;
};

// Below mean - factor x standard deviation.
void judge_success_rate(const OutlierSuccessRate& spec, std::span<const OutlierCounts> counts,
                        std::vector<OutlierVerdict>& out) {
  std::vector<Measured> rates;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].requests < spec.minimum_requests) continue;
    auto all = static_cast<double>(counts[i].requests);
    rates.push_back({i, (all - static_cast<double>(counts[i].errors)) / all});
  }
  if (rates.size() < spec.minimum_endpoints) return;
  auto size = static_cast<double>(rates.size());
  double mean = 0;
  for (const Measured& rate : rates) mean += rate.value / size;
  double variance = 0;
  for (const Measured& rate : rates) variance += (rate.value - mean) * (rate.value - mean) / size;
  double least = mean - spec.stdev_factor * std::sqrt(variance);
  std::sort(rates.begin(), rates.end(), [](const Measured& a, const Measured& b) { return a.value < b.value; });
  for (const Measured& rate : rates) {
    if (rate.value >= least - kRounding) break;
    if (counts[rate.index].errors < kFewErrors) continue;
    out.push_back({rate.index, {EjectionCause::kSuccessRate, rate.value, least}});
  }
}

// The lower one of an even number: half of the endpoints slow is no reason to take the slow ones for the measure.
double median_of(std::vector<Measured>& values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end(),
                   [](const Measured& a, const Measured& b) { return a.value < b.value; });
  return middle->value;
}

void judge_latency(const OutlierLatency& spec, std::span<const OutlierCounts> counts,
                   std::vector<OutlierVerdict>& out) {
  std::vector<Measured> means;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].answers < spec.minimum_requests || counts[i].answers == 0) continue;
    double total = std::chrono::duration<double>(counts[i].latency).count();
    means.push_back({i, total / static_cast<double>(counts[i].answers)});
  }
  if (means.size() < kFewestLatencies) return;
  double most = std::max(median_of(means), kNoise) * spec.factor;
  std::sort(means.begin(), means.end(), [](const Measured& a, const Measured& b) { return a.value > b.value; });
  for (const Measured& mean : means) {
    if (mean.value <= most) break;
    bool is_known = std::any_of(out.begin(), out.end(), [&](const auto& v) { return v.index == mean.index; });
    if (!is_known) out.push_back({mean.index, {EjectionCause::kLatency, mean.value, most}});
  }
}
}  // namespace

OutlierOutcome outlier_outcome(const Outcome& outcome) noexcept {
  switch (outcome.reason) {
    case Reason::kNone:
      return outcome_of_status(outcome.status);
    case Reason::kUpstreamConnectRefused:
    case Reason::kUpstreamConnectTimeout:
    case Reason::kUpstreamConnectFailed:
    case Reason::kUpstreamTlsFailed:
    case Reason::kUpstreamIdentityUnexpected:
    case Reason::kUpstreamRefusedStream:  // also a sidecar whose application is gone
    case Reason::kUpstreamReset:
    case Reason::kUpstreamClosed:
    case Reason::kUpstreamHeadTimeout:
    case Reason::kRequestTimeout:
    case Reason::kApplicationUnreachable:
      return OutlierOutcome::kGatewayError;
    case Reason::kUpstreamProtocolError:
    case Reason::kUpstreamHeadTooLarge:
    case Reason::kUpstreamTooManyInformational:
      return OutlierOutcome::kError;
    default:
      return OutlierOutcome::kNothing;
  }
}

std::string_view to_text(EjectionCause cause) noexcept {
  constexpr std::string_view kNames[] = {"consecutive-errors", "consecutive-gateway-errors", "success-rate", "latency",
                                         "probe"};
  return kNames[static_cast<size_t>(cause)];
}

std::string to_text(const Ejection& why) {
  char text[96] = "the request that should prove it failed";
  switch (why.cause) {
    case EjectionCause::kConsecutiveErrors:
      std::snprintf(text, sizeof text, "%.0f errors in a row", why.number);
      break;
    case EjectionCause::kConsecutiveGatewayErrors:
      std::snprintf(text, sizeof text, "%.0f gateway errors in a row", why.number);
      break;
    case EjectionCause::kSuccessRate:
      std::snprintf(text, sizeof text, "%.1f %% successes, expected %.1f %%", why.number * 100, why.bound * 100);
      break;
    case EjectionCause::kLatency:
      std::snprintf(text, sizeof text, "answers after %.0f ms, expected %.0f ms", why.number * 1e3, why.bound * 1e3);
      break;
    case EjectionCause::kProbe:
      break;
  }
  return text;
}

std::vector<OutlierVerdict> judge_outliers(const OutlierSpec& spec, std::span<const OutlierCounts> counts) {
  std::vector<OutlierVerdict> out;
  if (spec.success_rate) judge_success_rate(*spec.success_rate, counts, out);
  if (spec.latency) judge_latency(*spec.latency, counts, out);
  return out;
}

size_t most_ejected(size_t endpoints, uint32_t percent) noexcept {
  if (endpoints < 2) return 0;
  size_t share = endpoints / 100 * percent + endpoints % 100 * percent / 100;
  return std::min(std::max<size_t>(share, 1), endpoints - 1);
}

uint32_t next_times(const OutlierSpec& spec, uint32_t times) noexcept {
  return spec.base_ejection_time * static_cast<int64_t>(times) < spec.max_ejection_time ? times + 1 : times;
}

Duration ejection_time(const OutlierSpec& spec, uint32_t times, double draw) noexcept {
  double base = static_cast<double>(spec.base_ejection_time.count()) * std::max(times, 1U);
  double bounded = std::min(base, static_cast<double>(spec.max_ejection_time.count()));
  return Duration(static_cast<Duration::rep>(bounded * (1 + spec.jitter * draw)));
}
}  // namespace heddle
