#include "proxy/resilience/endpoint_health.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr uint32_t bit(HealthFlag flag) noexcept { return 1U << static_cast<unsigned>(flag); }
constexpr uint16_t kFirstServerError = 500;
}  // namespace

bool Outcome::is_error() const noexcept {
  bool is_clients = reason == Reason::kDownstreamReset || reason == Reason::kDownstreamClosed ||
                    reason == Reason::kCancelled || reason == Reason::kDownstreamProtocolError;
  return !is_clients && (reason != Reason::kNone || status >= kFirstServerError);
}

bool Outcome::is_connect_error() const noexcept {
  switch (reason) {
    case Reason::kUpstreamConnectRefused:
    case Reason::kUpstreamConnectTimeout:
    case Reason::kUpstreamConnectFailed:
    case Reason::kUpstreamTlsFailed:
    case Reason::kUpstreamIdentityUnexpected:
      return true;
    default:
      return false;
  }
}

bool EndpointHealth::set(HealthFlag flag, WallTime at) noexcept {
  uint32_t before = flags_.fetch_or(bit(flag), kRelaxed);
  if ((before & bit(flag)) != 0) return false;
  if (before == 0) {
    transitions_down_.fetch_add(1, kRelaxed);
    down_since_.store(at.since_epoch().count(), kRelaxed);
  }
  last_transition_.store(at.since_epoch().count(), kRelaxed);
  epoch_->advance();
  return true;
}

bool EndpointHealth::clear(HealthFlag flag, WallTime at) noexcept {
  uint32_t before = flags_.fetch_and(~bit(flag), kRelaxed);
  if ((before & bit(flag)) == 0) return false;
  if (before == bit(flag)) down_before_.fetch_add(outage_until(at).count(), kRelaxed);
  last_transition_.store(at.since_epoch().count(), kRelaxed);
  epoch_->advance();
  return true;
}

// A wall clock that was set back makes no outage negative.
Duration EndpointHealth::outage_until(WallTime at) const noexcept {
  return std::max(Duration{}, at - WallTime(Duration(down_since_.load(kRelaxed))));
}

Duration EndpointHealth::downtime(WallTime now) const noexcept {
  return Duration(down_before_.load(kRelaxed)) + (usable() ? Duration{} : outage_until(now));
}

void EndpointHealth::record(const Outcome& outcome) noexcept {
  requests_.fetch_add(1, kRelaxed);
  if (outcome.is_error()) errors_.fetch_add(1, kRelaxed);
  if (outcome.is_connect_error()) connect_errors_.fetch_add(1, kRelaxed);
  if (outcome.bytes_sent != 0) bytes_sent_.fetch_add(outcome.bytes_sent, kRelaxed);
  if (outcome.bytes_received != 0) bytes_received_.fetch_add(outcome.bytes_received, kRelaxed);
}

void EndpointHealth::record_check(const CheckReport& report) noexcept {
  checks_.fetch_add(1, kRelaxed);
  if (report.reason != Reason::kNone) failed_checks_.fetch_add(1, kRelaxed);
  check_result_.store(static_cast<uint32_t>(report.reason) << 16 | report.status, kRelaxed);
  check_took_.store(report.took.count(), kRelaxed);
  check_at_.store(report.at.since_epoch().count(), kRelaxed);
}

CheckReport EndpointHealth::last_check() const noexcept {
  uint32_t result = check_result_.load(kRelaxed);
  return CheckReport{static_cast<Reason>(result >> 16), static_cast<uint16_t>(result & 0xffff),
                     Duration(check_took_.load(kRelaxed)), WallTime(Duration(check_at_.load(kRelaxed)))};
}

OpenConnection::OpenConnection(std::shared_ptr<EndpointHealth> health) noexcept : health_(std::move(health)) {
  health_->connections_.fetch_add(1, std::memory_order_relaxed);
  health_->sessions_.fetch_add(1, std::memory_order_relaxed);
}

OpenConnection::~OpenConnection() {
  if (health_ != nullptr) health_->connections_.fetch_sub(1, std::memory_order_relaxed);
}
}  // namespace heddle
