// OverloadGate: what an inbound listener lets through to its application, by the spec.overload of this workload: an
// adaptive limit, and who is refused first. One per listener and worker; belongs to its loop, outlives its exchanges
// and their permits. Asking allocates nothing and takes no lock. Without spec.overload it is off: one flag.
//
// A request is in flight, and measured, from when all of it is there until the head of its answer comes: who sends a
// body or reads an answer slowly, holds a stream or a tunnel open, takes nobody's place. What is answered before it is
// whole is never in flight. Health probes are not refused, counted or measured, up
// to kMostProbes of them.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "lib/policy/priority.h"
#include "proxy/resilience/concurrency_limit.h"
#include "proxy/resilience/shedding.h"
#include "proxy/telemetry/overload_metrics.h"

namespace heddle {
// Why a request was refused.
struct OverloadNote {
  ShedCause cause = ShedCause::kNone;
  RequestPriority priority = RequestPriority::kDefault;
  uint32_t limit = 0;            // of this worker, as it was; of kLimit
  bool caller_may_read = false;  // all of this; by its namespace
};
// "overload; cause=limit; priority=low; limit=12".
std::string overload_reason_text(const OverloadNote&);

class OverloadGate;

// Of one request, in its exchange; ended by whoever has it, once.
class OverloadPermit {
 public:
  OverloadPermit() = default;
  OverloadPermit(const OverloadPermit&) = delete;
  OverloadPermit& operator=(const OverloadPermit&) = delete;
  explicit operator bool() const noexcept { return gate_ != nullptr; }
  // All of the request is here: it takes its place, once.
  void on_request_end(MonoTime now) noexcept;
  // The head of the answer is here.
  void answered(uint16_t status, MonoTime now) noexcept;
  // There will be none.
  void give_up(MonoTime now) noexcept;

 private:
  friend class OverloadGate;
  void end(ConcurrencyLimit::Ending, MonoTime) noexcept;
  OverloadGate* gate_ = nullptr;
  bool is_probe_ = false;
  bool has_place_ = false;
  ConcurrencyLimit::Ticket ticket_;
};

class OverloadGate {
 public:
  static constexpr uint32_t kMostProbes = 16;  // in flight; more of them are requests like others
  struct Inputs {
    Registry& metrics;
    std::string listener;
    uint16_t port;      // of the application
    uint32_t workers;   // that divide the limits
    uint64_t proxy_id;  // when its workers measure, together
    const Pressure& pressure;
  };
  explicit OverloadGate(Inputs);
  OverloadGate(const OverloadGate&) = delete;
  OverloadGate& operator=(const OverloadGate&) = delete;

  // Of the Workload that we are; null: off. What was learned, and who is in, stays.
  void apply(std::shared_ptr<const WorkloadSpec>);
  bool is_on() const noexcept { return workload_ != nullptr; }
  // Only while it is on. False: refused, and the note says why.
  bool admit(const RequestHead&, const ConnectionInfo&, MonoTime now, OverloadPermit&, OverloadNote&);

 private:
  friend class OverloadPermit;
  bool admit_probe(OverloadPermit&) noexcept;
  ShedCause ask(RequestPriority, MonoTime now) noexcept;
  void end(const OverloadPermit&, ConcurrencyLimit::Ending, MonoTime) noexcept;
  void show() noexcept;

  Inputs in_;
  std::shared_ptr<const WorkloadSpec> workload_;
  ConcurrencyLimit limit_;
  uint32_t limit_now_ = 0;
  uint32_t probes_ = 0;
  std::unique_ptr<OverloadMetrics> metrics_;  // made when it is first on
};
}  // namespace heddle
