// InboundAuthz: the AuthorizationPolicies that protect this workload, on one worker: chosen whenever a snapshot or an
// identity comes, asked for every inbound request and connection. PortAdmission is the same for one listener, whose
// application's port rules can name. Belongs to the worker's loop; asking allocates nothing (but for the counter of the
// first foreign caller that is denied), and with no policy it is two flags. Until the first configuration nobody comes
// in, if there is a source to wait for.
#pragma once
#include <memory>
#include <vector>

#include "lib/decision/explain.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/exchange/admission.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {

enum class AwaitConfig : uint8_t { kNo, kYes };

class InboundAuthz {
 public:
  struct Inputs {
    Registry& metrics;
    SpiffeId identity;  // until set_identity(): whom the bootstrap says we will be
    std::string ns;     // of the bootstrap
    AwaitConfig await = AwaitConfig::kYes;
  };
  explicit InboundAuthz(Inputs inputs) : in_(std::move(inputs)), open_(in_.await == AwaitConfig::kNo) {}
  // True: other policies apply now, verdicts may have changed.
  bool set_identity(const SpiffeId&);
  bool set_snapshot(std::shared_ptr<const Snapshot>);

  // No policy protects us: of our own trust domain nobody needs to be asked.
  bool is_open() const noexcept { return open_; }
  const SpiffeId& identity() const noexcept { return in_.identity; }
  Reason admit(const AuthzFacts&, AuthzNote&);
  bool still_admits(const AuthzFacts&) const;
  // What admit() would say, with each rule that was asked; counts nothing.
  Reason explain(const AuthzFacts&, Explanation&) const;
  AuthzFacts facts_of(const ConnectionInfo&, uint16_t port, const RequestHead*) const noexcept;

 private:
  bool select();
  void audit(const AuthzFacts&, AuthzNote&);
  AuthzVerdict judge(const AuthzFacts&) const;
  AuthzMetrics& cells_of(const AuthzSet::Policy* decided);

  Inputs in_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool open_;
  std::shared_ptr<const AuthzSet> set_;               // nullptr: nothing protects us
  std::vector<std::unique_ptr<AuthzMetrics>> cells_;  // of set_'s policies
  std::unique_ptr<AuthzMetrics> unprotected_;         // of foreign callers where there is no policy
};

class PortAdmission final : public Admission {
 public:
  PortAdmission(InboundAuthz& authz, uint16_t port) : authz_(authz), port_(port) {}
  Reason admit(const RequestHead* request, const ConnectionInfo& caller, AuthzNote& note) override {
    if (authz_.is_open() && !caller.is_foreign) return Reason::kNone;
    return authz_.admit(authz_.facts_of(caller, port_of(caller), request), note);
  }
  bool still_admits(const RequestHead* request, const ConnectionInfo& caller) const override {
    return authz_.still_admits(authz_.facts_of(caller, port_of(caller), request));
  }

 private:
  uint16_t port_of(const ConnectionInfo& caller) const noexcept {
    return port_ != 0 || !caller.original_dst ? port_ : caller.original_dst->port();
  }
  InboundAuthz& authz_;
  uint16_t port_;  // 0: intercepted, that of the original destination
};
}  // namespace heddle
