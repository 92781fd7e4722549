#include "proxy/exchange/request_limits.h"

#include <chrono>
#include <utility>

#include "certs/peer_certificate.h"
#include "lib/base/assert.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
const SpiffeId* peer_of(const ConnectionInfo& caller) noexcept {
  bool known = caller.peer_certificate != nullptr && caller.peer_certificate->spiffe_id();
  return known ? &*caller.peer_certificate->spiffe_id() : nullptr;
}

// What the contents of buckets depend on: not which requests count, nor what becomes of those that find none left.
std::string identity_of(const SelectedRateLimit& selected) {
  const RateLimit& limit = selected.limit();
  std::string out = str_cat(selected.policy->key.text(), " ", limit.name, " ", std::to_string(limit.requests), "/",
                            std::to_string(limit.per.count()), "+", std::to_string(limit.burst));
  if (limit.by_identity) out.append(" @");  // no header has that name
  for (const std::string& name : limit.by) out.append(" ").append(name);
  return out;
}

// Of times above zero.
template <class Unit>
int64_t rounded_up(Duration time) {
  return std::chrono::ceil<Unit>(time).count();
}
}  // namespace

void RequestLimits::set_identity(const SpiffeId& identity) {
  if (identity == in_.identity) return;
  in_.identity = identity;
  select();
}

void RequestLimits::set_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  select();
}

// The new buckets are had before the old ones are let go: those of limits that stay are the same.
void RequestLimits::select() {
  if (snapshot_ == nullptr) return;
  const Model& model = snapshot_->model();
  std::vector<SelectedRateLimit> next;
  if (!model.rate_limit_policies.empty()) {
    AuthzSubject subject = authz_subject(model.workloads, in_.identity);
    subject.namespaces.insert(in_.ns);
    next = select_rate_limits(model, subject);
  }
  if (next == selected_) return;
  std::vector<Limit> limits;
  for (const SelectedRateLimit& one : next) {
    const RateLimit& limit = one.limit();
    auto keyed = limit.has_keys() ? RateBuckets::Keyed::kYes : RateBuckets::Keyed::kNo;
    RateShape shape = RateShape::of(limit.requests, limit.per, limit.burst);
    std::string policy = str_cat(one.policy->key.ns, "/", one.policy->key.name);
    limits.push_back({in_.tables.get(identity_of(one), shape, keyed),
                      RateLimitMetrics(in_.metrics, policy, limit.name, one.policy->enforces)});
  }
  selected_ = std::move(next);
  held_.clear();  // they point into the old ones
  limits_ = std::move(limits);
  held_.reserve(limits_.size());
}

RateBuckets::Taken RequestLimits::take_one(size_t i, const RequestHead& request, const SpiffeId* peer, MonoTime now) {
  const RateLimit& limit = selected_[i].limit();
  const SipKey& secret = in_.tables.secret();
  RateKey key;
  if (limit.has_keys()) key = {hash_rate_key(limit, peer, request.fields(), secret), hash_caller(peer, secret)};
  return limits_[i].buckets->take(key, now);
}

Reason RequestLimits::take(const RequestHead& request, const ConnectionInfo& caller, MonoTime now, RateNote& out) {
  RequestFacts facts = facts_of(request);
  const SpiffeId* peer = peer_of(caller);
  held_.clear();
  for (size_t i = 0; i < limits_.size(); ++i) {
    if (!check_rate_limit(selected_[i].limit(), facts)) continue;
    RateBuckets::Taken taken = take_one(i, request, peer, now);
    if (taken) held_.push_back({limits_[i].buckets.get(), taken});
    if (taken) continue;
    limits_[i].metrics.limited.add(1);
    if (!selected_[i].policy->enforces) continue;
    give_back();
    note(i, taken.wait, caller, out);
    return Reason::kRateLimited;
  }
  return Reason::kNone;
}

void RequestLimits::give_back() noexcept {
  for (const Held& one : held_) one.buckets->give_back(one.taken);
  held_.clear();
}

void RequestLimits::note(size_t i, Duration wait, const ConnectionInfo& caller, RateNote& out) const {
  const SelectedRateLimit& one = selected_[i];
  AuthzFacts facts;
  facts.peer = peer_of(caller);
  facts.is_foreign = caller.is_foreign;
  out = {one.policy, one.index, snapshot_->version().sequence, wait, may_read(one.policy->key.ns, facts)};
}

void mark_rate_limited(const RateNote& note, bool is_grpc, ResponseHead& answer) {
  HeaderMap& fields = answer.fields();
  std::string seconds = std::to_string(rounded_up<std::chrono::seconds>(note.wait));
  bool fits = fields.set(HeaderName::kRetryAfter, seconds);
  if (is_grpc) {
    fits &= fields.add("grpc-retry-pushback-ms", std::to_string(rounded_up<std::chrono::milliseconds>(note.wait)));
  }
  if (note.caller_may_read) {
    std::string text =
        str_cat(info(Reason::kRateLimited).name, "; policy=", note.policy->key.ns, "/", note.policy->key.name,
                "; limit=", note.policy->limits[note.limit].name, "; version=", std::to_string(note.version));
    fits &= fields.set(HeaderName::kHeddleReason, text);
  }
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
}
}  // namespace heddle
