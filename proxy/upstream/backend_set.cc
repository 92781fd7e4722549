#include "proxy/upstream/backend_set.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "proxy/lb/candidate_list.h"
#include "proxy/lb/stable_hash.h"
#include "proxy/upstream/rate_limited.h"

namespace heddle {

void BackendSet::Pick::on_response(const ResponseHead& head, bool end, Duration latency, MonoTime now) {
  OutlierEndpoint* cell = runtime_->outlier().get();
  if (cell != nullptr && shared_->outliers != nullptr) {
    shared_->outliers->on_response(*cell, probe_, head.status, latency);
  }
  if (shared_->generation != generation_) return;
  if (is_rate_limited(head, end)) latency = std::max(latency, LoadBalancer::kRefusedLatency);
  shared_->balancer->on_response(index_, latency, now);
}

void BackendSet::Pick::on_overtaken(Duration at_least, MonoTime now) {
  if (shared_->generation == generation_) shared_->balancer->on_overtaken(index_, at_least, now);
}

void BackendSet::Pick::on_connected() {
  OutlierEndpoint* cell = runtime_->outlier().get();
  if (probe_ && cell != nullptr && shared_->outliers != nullptr) shared_->outliers->on_response(*cell, probe_, 0, {});
}

void BackendSet::Pick::finish(const Outcome& outcome) {
  runtime_->health()->record(outcome);
  OutlierEndpoint* cell = runtime_->outlier().get();
  if (cell != nullptr && shared_->outliers != nullptr) shared_->outliers->on_outcome(*cell, probe_, outcome);
}

BackendSet::BackendSet(UpstreamContext& context, Spec spec, Traffic traffic, Policy policy)
    : context_(context), spec_(std::move(spec)), traffic_(std::move(traffic)), policy_(std::move(policy)) {}

BackendSet::~BackendSet() {
  for (Slot& slot : slots_) {
    if (slot.runtime != nullptr) slot.runtime->leave();
  }
}

void BackendSet::update(Spec spec, Traffic traffic, Policy policy) {
  Spec before = std::exchange(spec_, std::move(spec));
  Traffic had = std::exchange(traffic_, std::move(traffic));
  policy_ = std::move(policy);
  sessions_.reset();
  if (shared_ == nullptr) return;
  carry_slots(*before);
  ++shared_->generation;
  watch_outliers();
  if (before->lb != spec_->lb) make_balancer();
  if (had != traffic_) apply_limits();
  shared_->group->wake();  // connections to endpoints that left are not counted any more
  show_candidates();
}

void BackendSet::apply_limits() {
  shared_->breaker().set_limits(circuit_limits(traffic_.get()), context_.workers);
  shared_->budget.set(retry_budget(traffic_.get()).share(context_.workers));
  PoolLimits limits = pool_limits(context_.pool, traffic_.get());
  for (Slot& slot : slots_) {
    if (slot.runtime != nullptr) slot.runtime->pool().set_limits(limits);
  }
}

void BackendSet::make_slots() {
  shared_ = std::make_shared<Shared>(std::make_shared<UpstreamMetrics>(context_.metrics, spec_->key));
  shared_->budget.set(retry_budget(traffic_.get()).share(context_.workers));
  shared_->breaker().set_limits(circuit_limits(traffic_.get()), context_.workers);
  shared_->session_scope = session_scope(spec_->key);
  for (const Endpoint& endpoint : spec_->endpoints)
    slots_.push_back({context_.health.get(health_key(endpoint.key)), {}});
  watch_outliers();
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
    if (slot.runtime != nullptr) slot.runtime->leave();
  }
}

// The health of an endpoint goes by its key; its runtime also by how we speak to it.
bool BackendSet::keep(Slot& from, Slot& to, const Endpoint& endpoint) {
  to.health = std::move(from.health);
  if (from.runtime != nullptr && from.runtime->fits(endpoint, tls_of(*spec_, endpoint), spec_->protocol)) {
    to.runtime = std::move(from.runtime);
  }
  return to.health != nullptr;
}

void BackendSet::make_balancer() {
  auto factory = context_.balancers.find(to_text(spec_->lb.policy));
  HEDDLE_CHECK(factory.has_value());  // validation admits registered names only
  shared_->balancer = (*factory)(LbInputs{context_.random, *context_.health.epoch(), spec_->lb.shape});
}

LbCandidate BackendSet::candidate_of(uint32_t index, std::shared_ptr<const EndpointHealth> health) const {
  const Endpoint& endpoint = spec_->endpoints[index];
  LbCandidate out{std::move(health), endpoint.weight, 0, endpoint.priority};
  out.outlier = outlier_of(index);
  bool has_zones = spec_->lb.shape.zone_aware && !context_.zone.empty();
  out.is_local = has_zones && endpoint.traits->zone == context_.zone;
  if (is_hashing(spec_->lb.policy)) out.id = stable_hash(endpoint.address().text());
  return out;
}

// After the slots, before the balancer sees them.
void BackendSet::watch_outliers() {
  bool watches = policy_ != nullptr && policy_->outlier.has_value();
  if (!watches) {
    shared_->outliers.reset();
  } else if (shared_->outliers == nullptr) {
    shared_->outliers =
        std::make_unique<SetOutliers>(context_.health, spec_->key, context_.session_context.loop, context_.random);
  }
  if (watches) {
    std::vector<std::shared_ptr<EndpointHealth>> health;
    for (const Slot& slot : slots_) health.push_back(slot.health);
    shared_->outliers->update(policy_, spec_->endpoints, health);
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].runtime != nullptr) slots_[i].runtime->set_outlier(outlier_of(static_cast<uint32_t>(i)));
  }
}

std::shared_ptr<OutlierEndpoint> BackendSet::outlier_of(uint32_t index) const {
  return shared_ == nullptr || shared_->outliers == nullptr ? nullptr : shared_->outliers->cell(index);
}

void BackendSet::show_candidates() {
  std::vector<LbCandidate> candidates;
  candidates.reserve(slots_.size());
  for (uint32_t i = 0; i < slots_.size(); ++i) candidates.push_back(candidate_of(i, slots_[i].health));
  shared_->share.reset();
  shared_->balancer->update(std::move(candidates));
}

const std::shared_ptr<EndpointRuntime>& BackendSet::runtime_of(uint32_t index) {
  std::shared_ptr<EndpointRuntime>& runtime = slots_[index].runtime;
  if (runtime == nullptr) {
    PoolShare share{shared_->metrics, shared_->group};
    runtime = std::make_shared<EndpointRuntime>(context_, spec_->endpoints[index], *spec_, std::move(share),
                                                pool_limits(context_.pool, traffic_.get()));
    runtime->set_outlier(outlier_of(index));
  }
  return runtime;
}

Result<void> BackendSet::take_permit(CircuitResource resource, CircuitBreaker::Permit& out,
                                     const PickOptions& options) {
  auto permit = shared_->breaker().try_acquire(resource);
  if (permit) {
    out = std::move(*permit);
    return {};
  }
  shared_->metrics->on_refused(resource);
  if (options.refused_by != nullptr) *options.refused_by = shared_->breaker().note(resource);
  return make_error(CircuitBreaker::reason_of(resource), "");
}

Result<void> BackendSet::take_permits(const PickOptions& options, Pick& pick) {
  HEDDLE_CHECK_OK(take_permit(CircuitResource::kRequests, pick.permit_, options));
  if (options.which == Try::kRetry) HEDDLE_CHECK_OK(take_permit(CircuitResource::kRetries, pick.retry_, options));
  if (options.purpose == Purpose::kTunnel) return take_permit(CircuitResource::kConnections, pick.tunnel_, options);
  return {};
}

bool BackendSet::is_usable(uint64_t session) {
  if (shared_ == nullptr) make_slots();
  return usable_session(session).has_value();
}

std::optional<uint32_t> BackendSet::usable_session(uint64_t session) {
  if (sessions_ == nullptr) sessions_ = std::make_unique<const SessionIndex>(*spec_);
  std::optional<uint32_t> index = sessions_->find(session);
  if (!index || spec_->endpoints[*index].weight == 0 || !slots_[*index].health->usable()) return std::nullopt;
  auto outlier = outlier_of(*index);
  return outlier == nullptr || outlier->is_in() ? index : std::nullopt;
}

// A session stays where it is. An endpoint whose ejection is over gets one request before the balancer sees it again.
std::optional<uint32_t> BackendSet::choose(const PickContext& context, uint64_t session, OutlierProbe& probe) {
  if (session != 0) {
    if (auto own = usable_session(session); own && !was_tried(context.tried, *own)) return own;
  }
  if (shared_->outliers != nullptr) {
    if (auto due = shared_->outliers->claim(context.now, context.tried)) {
      probe = std::move(due->probe);
      return due->index;
    }
  }
  return shared_->balancer->pick(context);
}

Result<BackendSet::Pick> BackendSet::pick(std::span<const uint32_t> tried, PickOptions options) {
  if (shared_ == nullptr) make_slots();
  OutlierProbe probe;
  auto index = choose({context_.session_context.loop.now(), tried, options.hash}, options.session, probe);
  if (!index) return nobody(tried);
  Pick pick;
  pick.shared_ = shared_;
  auto permitted = take_permits(options, pick);
  if (!permitted) return std::move(permitted).error();
  if (spec_->lb.shape.panic_below != 0 && shared_->balancer->is_panicking()) shared_->metrics->on_panic();
  pick.runtime_ = runtime_of(*index);
  pick.index_ = *index;
  pick.generation_ = shared_->generation;
  pick.in_flight_ = InFlight(*pick.runtime_->health());
  pick.probe_ = std::move(probe);
  return pick;
}

void BackendSet::count_request(MonoTime now) { shared_->budget.deposit(now); }

bool BackendSet::take_retry(MonoTime now) {
  // What could not be tried anyway is not begun: the answer that is there is better than one of ours.
  const CircuitBreaker& breaker = shared_->breaker();
  if (breaker.is_open(CircuitResource::kRetries)) return false;
  bool is_granted = shared_->budget.withdraw(now);
  if (!is_granted) shared_->metrics->on_budget_spent();
  return is_granted;
}
}  // namespace heddle
