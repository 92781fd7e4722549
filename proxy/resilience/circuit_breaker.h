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

namespace heddle {
enum class CircuitResource : uint8_t { kConnections, kPending, kRequests };
inline constexpr size_t kCircuitResources = 3;
std::string_view to_text(CircuitResource) noexcept;  // "connections"

struct CircuitLimits {
  uint32_t connections = 1024;
  uint32_t pending = 1024;   // requests that wait for a connection
  uint32_t requests = 1024;  // in flight, waiting ones included
  // Limits of one of `workers` loops.
  CircuitLimits share(uint32_t workers) const noexcept;
};

class CircuitBreaker {
 public:
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept : breaker_(std::exchange(other.breaker_, nullptr)), resource_(other.resource_) {}
    Permit& operator=(Permit&&) noexcept;
    ~Permit() { release(); }
    void release() noexcept;
    explicit operator bool() const noexcept { return breaker_ != nullptr; }

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker& breaker, CircuitResource resource) : breaker_(&breaker), resource_(resource) {}
    CircuitBreaker* breaker_ = nullptr;
    CircuitResource resource_ = CircuitResource::kRequests;
  };

  explicit CircuitBreaker(CircuitLimits limits = {}) : limits_(limits) {}
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  // Nothing when the limit is reached; reason_of() says why, and the refusal is counted.
  [[nodiscard]] std::optional<Permit> try_acquire(CircuitResource) noexcept;
  static Reason reason_of(CircuitResource) noexcept;
  // A lower limit takes nothing away; it holds for the next try.
  void set_limits(CircuitLimits limits) noexcept { limits_ = limits; }
  uint32_t used(CircuitResource) const noexcept;
  uint32_t limit(CircuitResource) const noexcept;
  uint64_t refused(CircuitResource) const noexcept;
  bool is_open(CircuitResource resource) const noexcept { return used(resource) >= limit(resource); }

 private:
  CircuitLimits limits_;
  std::array<uint32_t, kCircuitResources> used_{};
  std::array<uint64_t, kCircuitResources> refused_{};
};
}  // namespace heddle
