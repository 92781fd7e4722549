// CircuitBreaker: how much of each resource one backend set may use on one worker; RAII permits. It keeps a slow
// backend from eating the whole proxy. Not thread-safe: one per backend set and worker; the owner divides the limits of
// the backend set by the number of workers (rounding up). It must outlive its permits.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/base/error.h"
#include "lib/config/traffic_policy.h"

namespace heddle {
enum class CircuitResource : uint8_t { kConnections, kPending, kRequests, kRetries };
inline constexpr size_t kCircuitResources = 4;
std::string_view to_text(CircuitResource) noexcept;  // "connections": the label of metrics

struct CircuitLimits {
  uint32_t connections = 1024;
  uint32_t pending = 1024;   // requests that wait for a connection
  uint32_t requests = 1024;  // in flight, waiting ones included
  uint32_t retries = 1024;   // tries in flight that are not the first of their request
  // Limits of one of `workers` loops.
  CircuitLimits share(uint32_t workers) const noexcept;
};

// Which limit kept a request from something, for the answer and the log.
struct LimitNote {
  TrafficLimit limit = TrafficLimit::kRequests;
  uint32_t value = 0;  // of the whole process, as configured; 0: no limit was reached
};

class CircuitBreaker {
 public:
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept : breaker_(std::exchange(other.breaker_, nullptr)), resource_(other.resource_) {}
    Permit& operator=(Permit&&) noexcept;
    ~Permit() { release(); }
    void release() noexcept {
      if (breaker_ != nullptr) give_back();  // of the three of a pick two are nearly always empty
    }
    explicit operator bool() const noexcept { return breaker_ != nullptr; }

   private:
    friend class CircuitBreaker;
    void give_back() noexcept;
    Permit(CircuitBreaker& breaker, CircuitResource resource) : breaker_(&breaker), resource_(resource) {}
    CircuitBreaker* breaker_ = nullptr;
    CircuitResource resource_ = CircuitResource::kRequests;
  };

  explicit CircuitBreaker(CircuitLimits limits = {}, uint32_t workers = 1) { set_limits(limits, workers); }
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  // Nothing when the limit is reached; reason_of() says why, and the refusal is counted.
  [[nodiscard]] std::optional<Permit> try_acquire(CircuitResource) noexcept;
  // What nobody may be refused: counted, whatever the limit.
  [[nodiscard]] Permit acquire(CircuitResource) noexcept;
  static Reason reason_of(CircuitResource) noexcept;
  LimitNote note(CircuitResource) const noexcept;
  // Those of the process, of which this is one of `workers`. A lower limit takes nothing away; it holds for the next
  // try.
  void set_limits(CircuitLimits limits, uint32_t workers = 1) noexcept {
    whole_ = limits;
    limits_ = limits.share(workers);
  }
  uint32_t used(CircuitResource) const noexcept;
  uint32_t limit(CircuitResource) const noexcept;
  uint64_t refused(CircuitResource) const noexcept;
  bool is_open(CircuitResource resource) const noexcept { return used(resource) >= limit(resource); }

 private:
  CircuitLimits whole_;
  CircuitLimits limits_;  // our share
  std::array<uint32_t, kCircuitResources> used_{};
  std::array<uint64_t, kCircuitResources> refused_{};
};
}  // namespace heddle
