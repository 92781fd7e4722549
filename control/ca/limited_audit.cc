#include "control/ca/limited_audit.h"

#include "lib/base/strings.h"

namespace heddle {
LimitedAudit::LimitedAudit(AuditSink& sink, Scheduler& scheduler)
    : sink_(sink), scheduler_(scheduler), limit_(scheduler.now()), timer_(scheduler.timer([this] { tell(); })) {}

void LimitedAudit::write(const AuditRecord& record, const Caller& caller, const Result<void>& outcome, WallTime now) {
  if (outcome || limit_.admit(refusal_peer(caller.identity, caller.address), scheduler_.now())) {
    return sink_.write(record, caller, outcome, now);
  }
  if (std::exchange(is_armed_, true)) return;
  timer_->arm(kTellEvery);
}

void LimitedAudit::tell() {
  is_armed_ = false;
  if (!limit_.has_counted()) return;
  for (const RefusalLimit::Uncounted& row : limit_.take(scheduler_.now())) {
    std::string peer = row.peer.empty() ? "others" : row.peer;
    AuditRecord record{"suppressed", peer, ""};
    Result<void> why = make_error(Reason::kRateLimited,
                                  str_cat(std::to_string(row.refusals), " refusals of ", peer, " were not written"));
    sink_.write(record, {}, why, scheduler_.wall());
  }
}
}  // namespace heddle
