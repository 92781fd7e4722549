#include "proxy/upstream/backend_set_view.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "proxy/lb/candidate_list.h"
#include "proxy/upstream/backend_set.h"

namespace heddle {
namespace {
std::string ejected_text(const OutlierEndpoint& outlier, MonoTime now) {
  std::string why = to_text(outlier.why());
  if (outlier.state() == OutlierState::kProbing) return str_cat("ejected: ", why, "; one request is proving it");
  if (outlier.is_due(now)) return str_cat("ejected: ", why, "; due for the request that proves it");
  auto left = std::chrono::duration_cast<std::chrono::seconds>(outlier.until() - now) + 1s;
  return str_cat("ejected: ", why, "; for ", format_duration(left), " more");
}

// Empty: nothing is against it.
std::string unhealthy_text(const LbCandidate& candidate, MonoTime now) {
  std::vector<std::string> out;
  Flags<HealthFlag> flags = candidate.health->flags();
  if (flags.has(HealthFlag::kCheckFailed)) out.emplace_back("its check failed");
  if (flags.has(HealthFlag::kEjected)) out.emplace_back("ejected");
  if (flags.has(HealthFlag::kDraining)) out.emplace_back("leaving");
  if (candidate.outlier != nullptr && !candidate.outlier->is_in()) {
    out.push_back(ejected_text(*candidate.outlier, now));
  }
  return join(out, ", ");
}

SeenEndpoint view_of(const CandidateList& list, uint32_t index, const Endpoint& endpoint, MonoTime now) {
  const LbCandidate& candidate = list.at(index);
  SeenEndpoint out{endpoint, candidate.usable(), list.is_usable(index), unhealthy_text(candidate, now),
                   candidate.health->in_flight()};
  if (candidate.weight == 0) out.why = out.why.empty() ? "weight 0" : str_cat("weight 0, ", out.why);
  if (out.is_eligible && !out.is_healthy) out.why.append("; used all the same: too few are healthy (panic)");
  if (!out.is_eligible && out.is_healthy && candidate.weight != 0) {
    out.why = "its priority level or zone gets nothing now";
  }
  return out;
}

// Of an endpoint whose time is over; nothing: of none.
std::optional<uint32_t> due(std::span<const LbCandidate> candidates, MonoTime now) {
  for (uint32_t i = 0; i < candidates.size(); ++i) {
    const LbCandidate& one = candidates[i];
    bool is_due = one.weight != 0 && one.outlier != nullptr && one.outlier->is_due(now) && one.health->usable();
    if (is_due) return i;
  }
  return std::nullopt;
}
}  // namespace

// Before the first pick a set has neither balancer nor slots: they are made as a pick would, and thrown away.
BackendSetView BackendSet::view(std::optional<uint64_t> hash) const {
  std::vector<LbCandidate> candidates;
  for (uint32_t i = 0; i < spec_->endpoints.size(); ++i) candidates.push_back(seen_candidate(i));
  MonoTime now = context_.session_context.loop.now();
  LbShape shape = spec_->lb.shape;
  shape.slow_start = {};
  LbInputs inputs{context_.random, *context_.health.epoch(), shape};
  CandidateList list(inputs);
  list.update(candidates);
  (void)list.refresh(now);

  BackendSetView out;
  out.endpoint_count = list.size();
  auto shown = static_cast<uint32_t>(std::min(list.size(), BackendSetView::kMostEndpoints));
  for (uint32_t i = 0; i < shown; ++i) out.endpoints.push_back(view_of(list, i, spec_->endpoints[i], now));
  out.chosen = due(list.all(), now);
  out.is_probe = out.chosen.has_value();
  if (!out.is_probe) out.chosen = would_pick(candidates, inputs, {now, {}, hash});
  view_limits(out);
  bool nobody = list.usable().empty() && !out.is_probe;
  if (nobody) out.reason = Reason::kNoHealthyEndpoint;
  if (!nobody && shared_ != nullptr && shared_->breaker().is_open(CircuitResource::kRequests)) {
    out.reason = CircuitBreaker::reason_of(CircuitResource::kRequests);
  }
  return out;
}

LbCandidate BackendSet::seen_candidate(uint32_t index) const {
  if (shared_ != nullptr) return candidate_of(index, slots_[index].health);
  return candidate_of(index, context_.health.get(health_key(spec_->endpoints[index].key)));
}

std::optional<uint32_t> BackendSet::would_pick(const std::vector<LbCandidate>& candidates, const LbInputs& inputs,
                                               const PickContext& context) const {
  if (!is_hashing(spec_->lb.policy) || !context.hash) return std::nullopt;
  if (shared_ != nullptr) return shared_->balancer->would_pick(context);
  auto factory = context_.balancers.find(to_text(spec_->lb.policy));
  HEDDLE_CHECK(factory.has_value());  // validation admits registered names only
  std::unique_ptr<LoadBalancer> balancer = (*factory)(inputs);
  balancer->update(candidates);
  return balancer->would_pick(context);
}

void BackendSet::view_limits(BackendSetView& out) const {
  CircuitBreaker unused(circuit_limits(traffic_.get()), context_.workers);
  const CircuitBreaker& breaker = shared_ != nullptr ? shared_->breaker() : unused;
  for (size_t i = 0; i < kCircuitResources; ++i) {
    auto resource = static_cast<CircuitResource>(i);
    out.limits[i] = {breaker.used(resource), breaker.limit(resource)};
  }
}
}  // namespace heddle
