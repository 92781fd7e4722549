#include "proxy/exchange/overload_gate.h"

#include "lib/base/strings.h"
#include "proxy/exchange/admission.h"

namespace heddle {
namespace {
Duration phase_of(uint64_t proxy_id) noexcept {
  return Duration(static_cast<int64_t>(proxy_id % static_cast<uint64_t>(ConcurrencyLimit::kRemeasure.count())));
}

// What an application says when it has too much itself, or is broken, comes sooner than an answer.
bool is_failure(uint16_t status) noexcept { return status >= 500 || status == 429; }

// Its own namespace, as of policies: who else calls learns the name of the reason.
bool is_of_namespace(const AuthzFacts& caller, std::string_view ns) noexcept {
  if (caller.peer == nullptr || caller.is_foreign) return false;
  auto workload = caller.peer->workload();
  return workload && workload->name_space == ns;
}
}  // namespace

std::string overload_reason_text(const OverloadNote& note) {
  std::string text =
      str_cat(info(Reason::kOverload).name, "; cause=", to_text(note.cause), "; priority=", to_text(note.priority));
  if (note.cause == ShedCause::kLimit) text.append("; limit=").append(std::to_string(note.limit));
  return text;
}

void OverloadPermit::end(ConcurrencyLimit::Ending ending, MonoTime now) noexcept {
  if (gate_ != nullptr) std::exchange(gate_, nullptr)->end(*this, ending, now);
}

void OverloadPermit::on_request_end(MonoTime now) noexcept {
  if (gate_ == nullptr || is_probe_ || std::exchange(has_place_, true)) return;
  ticket_ = gate_->limit_.begin(now);
  gate_->show();
}

void OverloadPermit::answered(uint16_t status, MonoTime now) noexcept {
  using Ending = ConcurrencyLimit::Ending;
  end(is_failure(status) ? Ending::kFailed : Ending::kAnswered, now);
}

void OverloadPermit::give_up(MonoTime now) noexcept { end(ConcurrencyLimit::Ending::kFailed, now); }

OverloadGate::OverloadGate(Inputs inputs)
    : in_(std::move(inputs)), limit_(ConcurrencyRange{}.share(in_.workers), phase_of(in_.proxy_id)) {}

void OverloadGate::apply(std::shared_ptr<const WorkloadSpec> workload) {
  if (workload == workload_) return;
  workload_ = std::move(workload);
  if (workload_ == nullptr) {
    limit_now_ = 0;
    return show();
  }
  if (metrics_ == nullptr) metrics_ = std::make_unique<OverloadMetrics>(in_.metrics, in_.listener);
  const auto& adaptive = workload_->overload->adaptive;
  if (adaptive) limit_.set_range(ConcurrencyRange{adaptive->min_limit, adaptive->max_limit}.share(in_.workers));
  limit_now_ = adaptive ? limit_.last_limit() : 0;
  show();
}

void OverloadGate::show() noexcept {
  if (metrics_ == nullptr) return;
  metrics_->limit.set(limit_now_);
  metrics_->in_flight.set(limit_.in_flight());
}

bool OverloadGate::admit_probe(OverloadPermit& permit) noexcept {
  if (probes_ >= kMostProbes) return false;
  ++probes_;
  permit.gate_ = this;
  permit.is_probe_ = true;
  return true;
}

ShedCause OverloadGate::ask(RequestPriority priority, MonoTime now) noexcept {
  ShedQuestion asked;
  asked.priority = priority;
  asked.percent = share_percent(*workload_->overload, priority);
  asked.pressure = in_.pressure;
  if (workload_->overload->adaptive) {
    asked.in_flight = limit_.in_flight();
    asked.limit = limit_now_ = limit_.limit(now);
    asked.most = limit_.max();
  }
  ShedCause cause = shed(asked);
  if (cause == ShedCause::kLimit) limit_.refuse();
  return cause;
}

bool OverloadGate::admit(const RequestHead& request, const ConnectionInfo& caller, MonoTime now, OverloadPermit& permit,
                         OverloadNote& note) {
  if (is_health_probe(request) && admit_probe(permit)) return true;
  AuthzFacts facts = authz_facts_of(caller, in_.port, &request);
  RequestPriority priority = priority_of(*workload_->overload, facts).priority;
  ShedCause cause = ask(priority, now);
  metrics_->count(priority, static_cast<size_t>(cause));
  if (cause != ShedCause::kNone) {
    note = {cause, priority, limit_now_, is_of_namespace(facts, workload_->key.ns)};
    return false;
  }
  if (!workload_->overload->adaptive) return true;
  permit.gate_ = this;
  permit.is_probe_ = permit.has_place_ = false;
  show();
  return true;
}

void OverloadGate::end(const OverloadPermit& permit, ConcurrencyLimit::Ending ending, MonoTime now) noexcept {
  if (permit.is_probe_) {
    --probes_;
    return;
  }
  if (!permit.has_place_) return;
  limit_.end(permit.ticket_, ending, now);
  show();
}
}  // namespace heddle
