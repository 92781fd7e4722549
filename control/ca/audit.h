// The audit log: one JSON line per decision of the CA and of the API (sign, attest, write, deny): type, request_id,
// status, caller_id, caller_addr and what it was about (reliability C9). Everything is escaped, so no caller can forge
// or break a line. The sink keeps lines across a kill (appended to a file before the answer leaves).
#pragma once
#include <string>
#include <string_view>

#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
// Who asked, as the server saw it.
struct Caller {
  std::string request_id;
  std::string identity;  // SPIFFE id or admin token id; empty: not authenticated
  std::string address;
};

struct AuditRecord {
  std::string type;     // "attest", "renew", "token-create", ...
  std::string subject;  // what it was about: a SPIFFE id, a resource
  std::string detail;   // the serial given, or why not
  std::string pod{};    // the Kubernetes pod that proved who it is: "<namespace>/<name> (<uid>)"; else empty
};

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // One line without '\n'.
  virtual void write_line(std::string_view line) = 0;
  // The line of a decision.
  virtual void write(const AuditRecord&, const Caller&, const Result<void>& outcome, WallTime now);
};

// `outcome`: status "ok", or the reason's name and its detail.
std::string audit_line(const AuditRecord&, const Caller&, const Result<void>& outcome, WallTime now);
}  // namespace heddle
