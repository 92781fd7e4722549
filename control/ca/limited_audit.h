// LimitedAudit: an audit log in which everything that was done is a line, and refusals are lines within RefusalLimit.
// Those beyond are counted, and the counts are lines, once a minute at most and at the end. Control loop; the sink
// outlives it.
#pragma once
#include "control/ca/audit.h"
#include "control/ca/refusal_limit.h"
#include "lib/base/clock.h"

namespace heddle {
class LimitedAudit final : public AuditSink {
 public:
  static constexpr Duration kTellEvery = std::chrono::seconds(60);
  LimitedAudit(AuditSink& sink, Scheduler& scheduler);
  ~LimitedAudit() override { tell(); }
  void write_line(std::string_view line) override { sink_.write_line(line); }
  void write(const AuditRecord&, const Caller&, const Result<void>& outcome, WallTime now) override;

 private:
  void tell();
  AuditSink& sink_;
  Scheduler& scheduler_;
  RefusalLimit limit_;
  std::unique_ptr<Timer> timer_;
  bool is_armed_ = false;
};
}  // namespace heddle
