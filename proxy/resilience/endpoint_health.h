// EndpointHealth: what this process knows about one endpoint, in atomics that all loops share: the only thing on the
// request path that crosses workers, hence padded. Made by the HealthTable, held by shared_ptr; survives config swaps.
// Flags are written by the main loop (checks, ejection, drain); counters by every worker. It never decides anything.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/flags.h"

namespace heddle {

enum class HealthFlag : uint8_t { kCheckFailed, kEjected, kDraining };

// Moves on whenever a flag of any endpoint of the process changes; balancers compare it to know when to look again.
class HealthEpoch {
 public:
  uint64_t value() const noexcept { return value_.load(std::memory_order_acquire); }
  void advance() noexcept { value_.fetch_add(1, std::memory_order_release); }

 private:
  std::atomic<uint64_t> value_{1};
};

// How one try ended.
struct Outcome {
  Reason reason = Reason::kNone;  // kNone: the endpoint answered
  uint16_t status = 0;            // of the answer; 0: there was none, or not HTTP
  uint64_t bytes_sent = 0;        // bodies, to the endpoint
  uint64_t bytes_received = 0;
  // An error of the endpoint: no answer, or a status >= 500. A client that went away is not the endpoint's fault.
  bool is_error() const noexcept;
  bool is_connect_error() const noexcept;  // of these, that no connection came about
};

struct CheckReport {
  Reason reason = Reason::kNone;  // kNone: passed
  uint16_t status = 0;            // HTTP status seen, if any
  Duration took{};
  WallTime at;  // epoch 0: never checked
};

class EndpointHealth {
 public:
  explicit EndpointHealth(std::shared_ptr<HealthEpoch> epoch) : epoch_(std::move(epoch)) {}
  EndpointHealth(const EndpointHealth&) = delete;
  EndpointHealth& operator=(const EndpointHealth&) = delete;

  bool usable() const noexcept { return flags_.load(std::memory_order_relaxed) == 0; }
  Flags<HealthFlag> flags() const noexcept {
    return Flags<HealthFlag>::from_bits(flags_.load(std::memory_order_relaxed));
  }
  // False when nothing changed; else the epoch moves on and `at` becomes last_transition().
  bool set(HealthFlag, WallTime at) noexcept;
  bool clear(HealthFlag, WallTime at) noexcept;
  // For how long it was unusable, all times together. Read on the main loop.
  Duration downtime(WallTime now) const noexcept;
  WallTime last_transition() const noexcept { return WallTime(Duration(last_transition_.load(kRelaxed))); }

  void record(const Outcome&) noexcept;
  void record_check(const CheckReport&) noexcept;  // main loop
  CheckReport last_check() const noexcept;         // fields may be of two checks when read from another loop

  uint32_t in_flight() const noexcept { return in_flight_.load(kRelaxed); }
  uint32_t connections() const noexcept { return connections_.load(kRelaxed); }
  uint64_t requests() const noexcept { return requests_.load(kRelaxed); }
  uint64_t errors() const noexcept { return errors_.load(kRelaxed); }
  uint64_t connect_errors() const noexcept { return connect_errors_.load(kRelaxed); }  // some of errors()
  uint64_t sessions() const noexcept { return sessions_.load(kRelaxed); }              // connections since the start
  uint64_t bytes_sent() const noexcept { return bytes_sent_.load(kRelaxed); }
  uint64_t bytes_received() const noexcept { return bytes_received_.load(kRelaxed); }
  uint64_t checks() const noexcept { return checks_.load(kRelaxed); }
  uint64_t failed_checks() const noexcept { return failed_checks_.load(kRelaxed); }
  uint64_t transitions_down() const noexcept { return transitions_down_.load(kRelaxed); }

 private:
  friend class InFlight;
  friend class OpenConnection;
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  static constexpr size_t kLine = 64;
  Duration outage_until(WallTime at) const noexcept;

  // Read on every pick, written rarely.
  alignas(kLine) std::atomic<uint32_t> flags_{0};
  std::atomic<int64_t> last_transition_{0};
  std::atomic<uint64_t> transitions_down_{0};
  std::atomic<int64_t> down_since_{0};   // of the present or latest outage
  std::atomic<int64_t> down_before_{0};  // length of the ended ones
  std::atomic<uint64_t> checks_{0};
  std::atomic<uint64_t> failed_checks_{0};
  std::atomic<int64_t> check_at_{0};
  std::atomic<int64_t> check_took_{0};
  std::atomic<uint32_t> check_result_{0};  // reason << 16 | status
  std::shared_ptr<HealthEpoch> epoch_;
  // Written by every request.
  alignas(kLine) std::atomic<uint32_t> in_flight_{0};
  std::atomic<uint32_t> connections_{0};
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> errors_{0};
  std::atomic<uint64_t> connect_errors_{0};
  std::atomic<uint64_t> sessions_{0};
  std::atomic<uint64_t> bytes_sent_{0};
  std::atomic<uint64_t> bytes_received_{0};
};

// RAII: one request is on its way to the endpoint. The EndpointHealth must outlive it.
class InFlight {
 public:
  InFlight() = default;
  explicit InFlight(EndpointHealth& health) noexcept : health_(&health) { health.in_flight_.fetch_add(1, kRelaxed); }
  InFlight(InFlight&& other) noexcept : health_(std::exchange(other.health_, nullptr)) {}
  InFlight& operator=(InFlight&& other) noexcept {
    if (this == &other) return *this;
    release();
    health_ = std::exchange(other.health_, nullptr);
    return *this;
  }
  ~InFlight() { release(); }
  void release() noexcept {
    if (health_ != nullptr) health_->in_flight_.fetch_sub(1, kRelaxed);
    health_ = nullptr;
  }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  EndpointHealth* health_ = nullptr;
};

// RAII: one connection to the endpoint is open; counts a session.
class OpenConnection {
 public:
  explicit OpenConnection(std::shared_ptr<EndpointHealth> health) noexcept;
  OpenConnection(OpenConnection&&) noexcept = default;
  OpenConnection& operator=(OpenConnection&&) = delete;
  ~OpenConnection();

 private:
  std::shared_ptr<EndpointHealth> health_;
};
}  // namespace heddle
