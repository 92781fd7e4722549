#include "proxy/resilience/circuit_breaker.h"

#include <algorithm>

#include "lib/base/assert.h"

namespace heddle {
namespace {
size_t index(CircuitResource resource) noexcept { return static_cast<size_t>(resource); }
uint32_t part(uint32_t limit, uint32_t workers) noexcept { return limit / workers + (limit % workers == 0 ? 0 : 1); }

uint32_t of(const CircuitLimits& limits, CircuitResource resource) noexcept {
  switch (resource) {
    case CircuitResource::kConnections:
      return limits.connections;
    case CircuitResource::kPending:
      return limits.pending;
    case CircuitResource::kRequests:
      return limits.requests;
    case CircuitResource::kRetries:
      return limits.retries;
  }
  return 0;
}
}  // namespace

std::string_view to_text(CircuitResource resource) noexcept {
  constexpr std::array<std::string_view, kCircuitResources> kNames = {"connections", "pending", "requests", "retries"};
  return kNames[index(resource)];
}

CircuitLimits CircuitLimits::share(uint32_t workers) const noexcept {
  workers = std::max(workers, 1U);
  return {part(connections, workers), part(pending, workers), part(requests, workers), part(retries, workers)};
}

CircuitBreaker::~CircuitBreaker() {
  HEDDLE_ASSERT(used_[0] + used_[1] + used_[2] + used_[3] == 0);  // a permit outlived its breaker
}

CircuitBreaker::Permit& CircuitBreaker::Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  release();
  breaker_ = std::exchange(other.breaker_, nullptr);
  resource_ = other.resource_;
  return *this;
}

void CircuitBreaker::Permit::give_back() noexcept { --std::exchange(breaker_, nullptr)->used_[index(resource_)]; }

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_acquire(CircuitResource resource) noexcept {
  if (is_open(resource)) {
    ++refused_[index(resource)];
    return std::nullopt;
  }
  return acquire(resource);
}

CircuitBreaker::Permit CircuitBreaker::acquire(CircuitResource resource) noexcept {
  ++used_[index(resource)];
  return Permit(*this, resource);
}

LimitNote CircuitBreaker::note(CircuitResource resource) const noexcept {
  constexpr TrafficLimit kLimits[] = {TrafficLimit::kConnections, TrafficLimit::kPendingRequests,
                                      TrafficLimit::kRequests, TrafficLimit::kRetries};
  return {kLimits[index(resource)], of(whole_, resource)};
}

Reason CircuitBreaker::reason_of(CircuitResource resource) noexcept {
  switch (resource) {
    case CircuitResource::kConnections:
      return Reason::kConnectionOverflow;
    case CircuitResource::kPending:
      return Reason::kPendingOverflow;
    case CircuitResource::kRequests:
    case CircuitResource::kRetries:
      return Reason::kRequestOverflow;
  }
  return Reason::kInternal;
}

uint32_t CircuitBreaker::used(CircuitResource resource) const noexcept { return used_[index(resource)]; }
uint64_t CircuitBreaker::refused(CircuitResource resource) const noexcept { return refused_[index(resource)]; }

uint32_t CircuitBreaker::limit(CircuitResource resource) const noexcept { return of(limits_, resource); }
}  // namespace heddle
