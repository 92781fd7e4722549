#include "proxy/resilience/outlier_endpoint.h"

#include <algorithm>
#include <utility>

#include "proxy/resilience/outlier_group.h"

namespace heddle {
namespace {
// True for one of those who count up to the threshold; it starts anew then.
bool reaches(std::atomic<uint32_t>& in_a_row, uint32_t threshold) noexcept {
  uint32_t count = in_a_row.fetch_add(1, std::memory_order_relaxed) + 1;
  if (threshold == 0 || count != threshold) return false;
  in_a_row.store(0, std::memory_order_relaxed);
  return true;
}

// Successes are the rule: a line that others write is only read then.
void end_row(std::atomic<uint32_t>& in_a_row) noexcept {
  if (in_a_row.load(std::memory_order_relaxed) != 0) in_a_row.store(0, std::memory_order_relaxed);
}
}  // namespace

OutlierEndpoint::OutlierEndpoint(std::shared_ptr<OutlierGroup> group, const EndpointKey& key,
                                 std::shared_ptr<const EndpointHealth> health)
    : group_(std::move(group)), key_(key), health_(std::move(health)) {}

OutlierEndpoint::~OutlierEndpoint() { group_->on_gone(*this); }

bool OutlierEndpoint::move(OutlierState from, OutlierState to) noexcept {
  auto expected = static_cast<uint8_t>(from);
  return state_.compare_exchange_strong(expected, static_cast<uint8_t>(to), std::memory_order_acq_rel);
}

std::optional<Ejection> OutlierEndpoint::count(OutlierOutcome outcome, const OutlierSpec& spec) noexcept {
  if (outcome == OutlierOutcome::kNothing || !is_in()) return std::nullopt;
  requests_.fetch_add(1, kRelaxed);
  if (outcome != OutlierOutcome::kGatewayError) end_row(gateway_errors_in_a_row_);
  if (outcome == OutlierOutcome::kSuccess) {
    end_row(errors_in_a_row_);
    return std::nullopt;
  }
  errors_.fetch_add(1, kRelaxed);
  std::optional<Ejection> asked;
  bool is_gateways =
      outcome == OutlierOutcome::kGatewayError && reaches(gateway_errors_in_a_row_, spec.consecutive_gateway_errors);
  if (is_gateways) {
    asked = Ejection{EjectionCause::kConsecutiveGatewayErrors, static_cast<double>(spec.consecutive_gateway_errors), 0};
  }
  if (reaches(errors_in_a_row_, spec.consecutive_errors)) {
    asked = Ejection{EjectionCause::kConsecutiveErrors, static_cast<double>(spec.consecutive_errors), 0};
  }
  return asked;
}

void OutlierEndpoint::count_latency(Duration latency) noexcept {
  if (!is_in()) return;
  answers_.fetch_add(1, kRelaxed);
  latency_.fetch_add(latency.count(), kRelaxed);
}

OutlierCounts OutlierEndpoint::take() noexcept {
  OutlierCounts out;
  out.errors = errors_.exchange(0, kRelaxed);
  out.requests = std::max(requests_.exchange(0, kRelaxed), out.errors);  // workers count on meanwhile
  out.answers = answers_.exchange(0, kRelaxed);
  out.latency = Duration(latency_.exchange(0, kRelaxed));
  return out;
}

void OutlierEndpoint::forget_counts() noexcept {
  errors_in_a_row_.store(0, kRelaxed);
  gateway_errors_in_a_row_.store(0, kRelaxed);
  static_cast<void>(take());
}

Ejection OutlierEndpoint::why() const noexcept {
  return {static_cast<EjectionCause>(cause_.load(kRelaxed)), number_.load(kRelaxed), bound_.load(kRelaxed)};
}

void OutlierEndpoint::set_until(const Ejection& why, MonoTime until) noexcept {
  cause_.store(static_cast<uint8_t>(why.cause), kRelaxed);
  number_.store(why.number, kRelaxed);
  bound_.store(why.bound, kRelaxed);
  until_.store(until.since_epoch().count(), kRelaxed);
}

OutlierProbe OutlierProbe::claim(const std::shared_ptr<OutlierEndpoint>& endpoint, MonoTime now) noexcept {
  OutlierProbe probe;
  if (!endpoint->may_prove(now)) return probe;
  if (endpoint->move(OutlierState::kEjected, OutlierState::kProbing)) probe.endpoint_ = endpoint;
  return probe;
}

void OutlierProbe::take(OutlierProbe& other) noexcept {
  if (this == &other) return;
  release();
  endpoint_ = std::exchange(other.endpoint_, nullptr);
}

void OutlierProbe::succeed() noexcept {
  if (auto endpoint = std::exchange(endpoint_, nullptr)) endpoint->group().take_back(*endpoint);
}

void OutlierProbe::fail(const OutlierSpec& spec, MonoTime now, double draw) noexcept {
  if (auto endpoint = std::exchange(endpoint_, nullptr)) endpoint->group().eject_again(*endpoint, spec, now, draw);
}

void OutlierProbe::release() noexcept {
  if (auto endpoint = std::exchange(endpoint_, nullptr)) endpoint->move(OutlierState::kProbing, OutlierState::kEjected);
}
}  // namespace heddle
