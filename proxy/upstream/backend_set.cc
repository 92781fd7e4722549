#include "proxy/upstream/backend_set.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {

void BackendSet::Pick::on_response(Duration latency, MonoTime now) {
  if (shared_->generation == generation_) shared_->balancer->on_response(index_, latency, now);
}

BackendSet::BackendSet(UpstreamContext& context, const BackendSetSpec& spec) : context_(context) {
  shared_->breaker.set_limits(CircuitLimits{}.share(context.workers));
  update(spec);
}

BackendSet::~BackendSet() {
  for (auto& endpoint : endpoints_) endpoint->pool().drain();
}

void BackendSet::update(const BackendSetSpec& spec) {
  name_ = str_cat(spec.key.ns, "/", spec.key.name);
  std::unordered_map<Address, std::vector<std::shared_ptr<EndpointRuntime>>> before;
  for (auto& runtime : std::exchange(endpoints_, {})) before[runtime->endpoint().address()].push_back(runtime);
  std::vector<LbCandidate> candidates;
  for (const Endpoint& endpoint : spec.endpoints) {
    auto& known = before[endpoint.address()];
    auto same = std::find_if(known.begin(), known.end(),
                             [&](const auto& runtime) { return runtime->fits(endpoint, spec.tls, spec.protocol); });
    if (same != known.end()) {
      endpoints_.push_back(*same);
      known.erase(same);
    } else {
      endpoints_.push_back(std::make_shared<EndpointRuntime>(context_, endpoint, spec.tls, spec.protocol));
    }
    candidates.push_back({endpoints_.back()->health(), endpoint.weight});
  }
  for (auto& [address, gone] : before) {
    for (auto& runtime : gone) runtime->pool().drain();
  }
  ++shared_->generation;
  if (policy_ != spec.lb.policy) {
    policy_ = spec.lb.policy;
    auto factory = context_.balancers.find(to_text(spec.lb.policy));
    HEDDLE_CHECK(factory.has_value());  // validation admits registered names only
    shared_->balancer = (*factory)(LbInputs{context_.random, *context_.health.epoch()});
  }
  shared_->balancer->update(std::move(candidates));
}

Result<BackendSet::Pick> BackendSet::pick(std::span<const uint32_t> tried) {
  auto index = shared_->balancer->pick({context_.session_context.loop.now(), tried, std::nullopt});
  if (!index) return make_error(Reason::kNoHealthyEndpoint, "");
  auto permit = shared_->breaker.try_acquire(CircuitResource::kRequests);
  if (!permit) return make_error(CircuitBreaker::reason_of(CircuitResource::kRequests), "");
  Pick pick;
  pick.runtime_ = endpoints_[*index];
  pick.shared_ = shared_;
  pick.index_ = *index;
  pick.generation_ = shared_->generation;
  pick.in_flight_ = InFlight(*pick.runtime_->health());
  pick.permit_ = std::move(*permit);
  return pick;
}
}  // namespace heddle
