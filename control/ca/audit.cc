#include "control/ca/audit.h"

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
void AuditSink::write(const AuditRecord& record, const Caller& caller, const Result<void>& outcome, WallTime now) {
  write_line(audit_line(record, caller, outcome, now));
}

std::string audit_line(const AuditRecord& record, const Caller& caller, const Result<void>& outcome, WallTime now) {
  std::string line;
  JsonWriter out(line);
  out.begin_object().field("time", format_time(now)).field("audit", record.type);
  out.field("status", outcome ? std::string_view("ok") : info(outcome.error().reason).name);
  out.field("request_id", caller.request_id).field("caller_id", caller.identity).field("caller_addr", caller.address);
  out.field("subject", record.subject);
  if (!record.pod.empty()) out.field("pod", record.pod);
  out.field("detail", outcome ? record.detail : outcome.error().detail);
  out.end_object();
  return line;
}
}  // namespace heddle
