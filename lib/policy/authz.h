// Authorization: which policies protect a workload (select_authz) and what they say to one request or connection
// (authorize). Pure functions of model and facts; a set is made when a snapshot or an identity comes, shared and
// immutable; asking it allocates nothing. The order: deny rules, then allow rules; with an allow policy in the set what
// none of its rules matches is denied, without one the default of the namespace applies, else that of the mesh, else
// everybody may pass. What is not known (HTTP facts of a TCP connection, an ambiguous path) never helps the caller: it
// does not match for allow, and does for deny and audit. A member of another trust domain (a foreign caller, proved by
// a federated bundle) is admitted only by an allow rule whose identities name it: no default and no rule about
// everybody is meant for it; deny and audit rules are.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "certs/spiffe_id.h"
#include "lib/http/head.h"
#include "lib/policy/authz_path.h"

namespace heddle {
// A workload as policies see it.
struct AuthzSubject {
  std::set<std::string, std::less<>> namespaces;
  std::vector<const WorkloadSpec*> workloads;  // those of its identity
};
// By the Workloads of that identity. The namespaces are theirs and the identity's own.
AuthzSubject authz_subject(const SpecMap<WorkloadSpec>&, const SpiffeId& identity);

bool selects(const AuthorizationPolicySpec&, const AuthzSubject&) noexcept;
// A policy of the namespace `ns`; without a target it means every workload there.
bool selects(const std::optional<AuthzTarget>&, std::string_view ns, const AuthzSubject&) noexcept;

// The policies of one workload, in the order they are asked.
class AuthzSet {
 public:
  using Policy = std::shared_ptr<const AuthorizationPolicySpec>;
  explicit AuthzSet(std::vector<Policy> selected);
  std::span<const Policy> all() const noexcept { return policies_; }
  std::span<const Policy> audit() const noexcept { return all().first(audit_end_); }
  std::span<const Policy> deny() const noexcept { return all().subspan(audit_end_, deny_end_ - audit_end_); }
  std::span<const Policy> allow() const noexcept { return all().subspan(deny_end_, allow_end_ - deny_end_); }
  // The namespace's, else the mesh's; nullptr: neither has one.
  const Policy* default_policy() const noexcept;
  size_t index_of(const Policy& policy) const noexcept { return static_cast<size_t>(&policy - policies_.data()); }
  bool operator==(const AuthzSet& other) const noexcept { return policies_ == other.policies_; }

 private:
  std::vector<Policy> policies_;  // audit, deny, allow, defaults; each by key
  size_t audit_end_ = 0;
  size_t deny_end_ = 0;
  size_t allow_end_ = 0;
};

// nullptr: nothing protects the workload.
std::shared_ptr<const AuthzSet> select_authz(const Model&, const AuthzSubject&);

// What is known of a request or connection where it is received.
struct AuthzFacts {
  const SpiffeId* peer = nullptr;        // proved; nullptr: nobody
  bool is_foreign = false;               // the peer is of another trust domain: ConnectionInfo::is_foreign
  uint16_t port = 0;                     // of the application; 0: not known (`explain`)
  const RequestHead* request = nullptr;  // nullptr: opaque TCP
};

// Why a rule did not match, or is not known to.
enum class AuthzWhy : uint8_t {
  kMatches,
  kNotAuthenticated,
  kIdentity,
  kNamespace,
  kForeign,
  kMethod,
  kPath,
  kPort,
  kHeader,
  kEmpty,
  kNeedsHttp,
  kAmbiguousMethod,
  kAmbiguousPath,
  kAmbiguousHeader,
  kPortNotKnown,
};
std::string_view to_text(AuthzWhy) noexcept;

struct RuleOutcome {
  AuthzMatch match = AuthzMatch::kYes;
  AuthzWhy why = AuthzWhy::kMatches;
};
RuleOutcome judge_rule(AuthzAction, const AuthzRule&, const AuthzFacts&) noexcept;
// Whether the outcome makes the policy act.
bool counts(AuthzAction, RuleOutcome) noexcept;
// The first rule that counts.
std::optional<uint32_t> find_rule(const AuthorizationPolicySpec&, const AuthzFacts&) noexcept;

// Who may know which policy denied: callers of its own namespace, in our trust domain.
bool may_read(const AuthorizationPolicySpec&, const AuthzFacts&) noexcept;
bool may_read(std::string_view policy_ns, const AuthzFacts&) noexcept;

enum class AuthzCause : uint8_t {
  kNoPolicy,
  kRule,         // of `policy`: its action
  kNoAllowRule,  // `policy` is the first of those that allow
  kDefault,      // `policy` has it
  kForeign,      // no rule admits this foreign caller, and no default does: that of `policy`, if any
};
// Where the index of a rule would stand: "none", "default", "foreign"; "rule" of kRule, "" of kNoPolicy.
std::string_view to_text(AuthzCause) noexcept;

struct AuthzVerdict {
  bool allowed = true;
  AuthzCause cause = AuthzCause::kNoPolicy;
  const AuthzSet::Policy* policy = nullptr;  // in the set
  uint32_t rule = 0;                         // spec.rules[rule], of kRule
};

// Sees every rule that is asked, for `explain`. Audit rules are not among them: they decide nothing.
class AuthzWatcher {
 public:
  virtual void on_rule(const AuthorizationPolicySpec&, uint32_t rule, RuleOutcome) = 0;

 protected:
  ~AuthzWatcher() = default;
};
AuthzVerdict authorize(const AuthzSet&, const AuthzFacts&, AuthzWatcher* = nullptr);
// Where no policy protects the workload: everybody but foreign callers.
AuthzVerdict authorize_unprotected(const AuthzFacts&) noexcept;
}  // namespace heddle
