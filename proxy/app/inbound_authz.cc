#include "proxy/app/inbound_authz.h"

#include <algorithm>
#include <utility>

#include "certs/peer_certificate.h"
#include "lib/base/strings.h"

namespace heddle {
bool InboundAuthz::set_identity(const SpiffeId& identity) {
  if (identity == in_.identity) return false;
  in_.identity = identity;
  return select();
}

bool InboundAuthz::set_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  return select();
}

bool InboundAuthz::select() {
  if (snapshot_ == nullptr) return false;
  const Model& model = snapshot_->model();
  std::shared_ptr<const AuthzSet> next;
  if (!model.authorization_policies.empty()) {
    AuthzSubject subject = authz_subject(model.workloads, in_.identity);
    subject.namespaces.insert(in_.ns);
    next = select_authz(model, subject);
  }
  open_ = next == nullptr;
  if (next == set_ || (next != nullptr && set_ != nullptr && *next == *set_)) return false;
  std::vector<std::unique_ptr<AuthzMetrics>> cells;
  for (size_t i = 0; next != nullptr && i < next->all().size(); ++i) {
    const ResourceKey& key = next->all()[i]->key;
    cells.push_back(std::make_unique<AuthzMetrics>(in_.metrics, str_cat(key.ns, "/", key.name)));
  }
  set_ = std::move(next);
  cells_ = std::move(cells);
  return true;
}

AuthzFacts InboundAuthz::facts_of(const ConnectionInfo& caller, uint16_t port,
                                  const RequestHead* request) const noexcept {
  return authz_facts_of(caller, port, request);
}

AuthzVerdict InboundAuthz::judge(const AuthzFacts& facts) const {
  return set_ == nullptr ? authorize_unprotected(facts) : authorize(*set_, facts);
}

AuthzMetrics& InboundAuthz::cells_of(const AuthzSet::Policy* decided) {
  if (decided != nullptr) return *cells_[set_->index_of(*decided)];
  if (unprotected_ == nullptr) unprotected_ = std::make_unique<AuthzMetrics>(in_.metrics, "none");
  return *unprotected_;
}

Reason InboundAuthz::admit(const AuthzFacts& facts, AuthzNote& note) {
  if (set_ == nullptr && !open_) return Reason::kNoConfig;
  if (set_ != nullptr) audit(facts, note);
  AuthzVerdict verdict = judge(facts);
  if (verdict.allowed) {
    if (verdict.policy != nullptr) cells_of(verdict.policy).allow.add(1);
    return Reason::kNone;
  }
  cells_of(verdict.policy).deny.add(1);
  note = {AuthzNote::Kind::kDenied, verdict.cause, verdict.rule,
          snapshot_ == nullptr ? 0 : snapshot_->version().sequence};
  if (verdict.policy == nullptr) return Reason::kAuthzDenied;
  note.policy = *verdict.policy;
  note.caller_may_read = may_read(**verdict.policy, facts);
  return Reason::kAuthzDenied;
}

// Every policy counts for itself; the first is the one that is logged.
void InboundAuthz::audit(const AuthzFacts& facts, AuthzNote& note) {
  for (const AuthzSet::Policy& policy : set_->audit()) {
    std::optional<uint32_t> rule = find_rule(*policy, facts);
    if (!rule) continue;
    cells_[set_->index_of(policy)]->audit.add(1);
    if (note.kind != AuthzNote::Kind::kNone) continue;
    note = {AuthzNote::Kind::kAudited, AuthzCause::kRule, *rule, snapshot_->version().sequence, policy, false};
  }
}

Reason InboundAuthz::explain(const AuthzFacts& facts, Explanation& out) const {
  if (set_ == nullptr && !open_) return Reason::kNoConfig;
  out.authorizations.push_back(explain_verdict(set_.get(), in_.identity.text(), facts, out.trace));
  return judge(facts).allowed ? Reason::kNone : Reason::kAuthzDenied;
}

bool InboundAuthz::still_admits(const AuthzFacts& facts) const { return judge(facts).allowed; }
}  // namespace heddle
