#include "proxy/upstream/backend_set.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "proxy/lb/stable_hash.h"
#include "proxy/upstream/rate_limited.h"

namespace heddle {

void BackendSet::Pick::on_response(const ResponseHead& head, bool end, Duration latency, MonoTime now) {
  if (shared_->generation != generation_) return;
  if (is_rate_limited(head, end)) latency = std::max(latency, LoadBalancer::kRefusedLatency);
  shared_->balancer->on_response(index_, latency, now);
}

BackendSet::BackendSet(UpstreamContext& context, Spec spec) : context_(context), spec_(std::move(spec)) {}

BackendSet::~BackendSet() {
  for (Slot& slot : slots_) {
    if (slot.runtime != nullptr) slot.runtime->pool().drain();
  }
}

void BackendSet::update(Spec spec) {
  Spec before = std::exchange(spec_, std::move(spec));
  if (shared_ == nullptr) return;
  carry_slots(*before);
  ++shared_->generation;
  if (before->lb != spec_->lb) make_balancer();
  show_candidates();
}

void BackendSet::make_slots() {
  shared_ = std::make_shared<Shared>(std::make_shared<UpstreamMetrics>(context_.metrics, spec_->key));
  shared_->breaker.set_limits(CircuitLimits{}.share(context_.workers));
  for (const Endpoint& endpoint : spec_->endpoints)
    slots_.push_back({context_.health.get(health_key(endpoint.key)), {}});
  make_balancer();
  show_candidates();
}

// Nearly always few endpoints of many change: those in front of the first change and behind the last one are found by
// their place, only those between by their address.
void BackendSet::carry_slots(const BackendSetSpec& before) {
  const std::vector<Endpoint>& from = before.endpoints;
  const std::vector<Endpoint>& to = spec_->endpoints;
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(to.size()));
  auto same = [](const Endpoint& a, const Endpoint& b) { return a.key == b.key; };
  auto head =
      static_cast<size_t>(std::mismatch(from.begin(), from.end(), to.begin(), to.end(), same).first - from.begin());
  size_t shorter = std::min(from.size(), to.size()) - head;
  size_t tail = 0;
  while (tail < shorter && same(from[from.size() - 1 - tail], to[to.size() - 1 - tail])) ++tail;
  for (size_t i = 0; i < head; ++i) keep(old[i], slots_[i], to[i]);
  for (size_t i = 1; i <= tail; ++i) keep(old[old.size() - i], slots_[to.size() - i], to[to.size() - i]);
  std::unordered_map<EndpointKey, size_t> between;
  for (size_t i = head; i < from.size() - tail; ++i) between.emplace(from[i].key, i);
  for (size_t i = head; i < to.size() - tail; ++i) {
    auto known = between.find(to[i].key);
    bool kept = known != between.end() && keep(old[known->second], slots_[i], to[i]);
    if (!kept) slots_[i].health = context_.health.get(health_key(to[i].key));
  }
  for (Slot& slot : old) {
    if (slot.runtime != nullptr) slot.runtime->pool().drain();
  }
}

// The health of an endpoint goes by its key; its runtime also by how we speak to it.
bool BackendSet::keep(Slot& from, Slot& to, const Endpoint& endpoint) {
  to.health = std::move(from.health);
  if (from.runtime != nullptr && from.runtime->fits(endpoint, spec_->tls, spec_->protocol)) {
    to.runtime = std::move(from.runtime);
  }
  return to.health != nullptr;
}

void BackendSet::make_balancer() {
  auto factory = context_.balancers.find(to_text(spec_->lb.policy));
  HEDDLE_CHECK(factory.has_value());  // validation admits registered names only
  shared_->balancer = (*factory)(LbInputs{context_.random, *context_.health.epoch(), spec_->lb.shape});
}

LbCandidate BackendSet::candidate_of(const std::shared_ptr<EndpointHealth>& health, const Endpoint& endpoint) const {
  LbCandidate out{health, endpoint.weight, 0, endpoint.priority};
  bool has_zones = spec_->lb.shape.zone_aware && !context_.zone.empty();
  out.is_local = has_zones && endpoint.traits->zone == context_.zone;
  if (is_hashing(spec_->lb.policy)) out.id = stable_hash(endpoint.address().text());
  return out;
}

void BackendSet::show_candidates() {
  std::vector<LbCandidate> candidates;
  candidates.reserve(slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) candidates.push_back(candidate_of(slots_[i].health, spec_->endpoints[i]));
  shared_->balancer->update(std::move(candidates));
}

const std::shared_ptr<EndpointRuntime>& BackendSet::runtime_of(uint32_t index) {
  std::shared_ptr<EndpointRuntime>& runtime = slots_[index].runtime;
  if (runtime == nullptr) {
    runtime = std::make_shared<EndpointRuntime>(context_, spec_->endpoints[index], spec_->tls, spec_->protocol,
                                                shared_->metrics);
  }
  return runtime;
}

Result<BackendSet::Pick> BackendSet::pick(std::span<const uint32_t> tried, std::optional<uint64_t> hash) {
  if (shared_ == nullptr) make_slots();
  auto index = shared_->balancer->pick({context_.session_context.loop.now(), tried, hash});
  if (!index) return make_error(Reason::kNoHealthyEndpoint, "");
  auto permit = shared_->breaker.try_acquire(CircuitResource::kRequests);
  if (!permit) {
    shared_->metrics->on_refused(CircuitResource::kRequests);
    return make_error(CircuitBreaker::reason_of(CircuitResource::kRequests), "");
  }
  if (spec_->lb.shape.panic_below != 0 && shared_->balancer->is_panicking()) shared_->metrics->on_panic();
  Pick pick;
  pick.runtime_ = runtime_of(*index);
  pick.shared_ = shared_;
  pick.index_ = *index;
  pick.generation_ = shared_->generation;
  pick.in_flight_ = InFlight(*pick.runtime_->health());
  pick.permit_ = std::move(*permit);
  return pick;
}
}  // namespace heddle
