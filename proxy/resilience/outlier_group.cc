#include "proxy/resilience/outlier_group.h"

#include <algorithm>

namespace heddle {
namespace {
template <class Map>
void drop_expired(Map& map) {
  std::erase_if(map, [](const auto& item) { return item.second.expired(); });
}
}  // namespace

std::shared_ptr<OutlierEndpoint> OutlierGroup::get(const EndpointKey& key,
                                                   const std::shared_ptr<const EndpointHealth>& health,
                                                   bool has_weight) {
  std::lock_guard lock(mutex_);
  auto& slot = members_[key];
  auto endpoint = slot.lock();
  if (endpoint == nullptr) {
    endpoint = std::make_shared<OutlierEndpoint>(shared_from_this(), key, health);
    slot = endpoint;
  }
  if (endpoint->has_weight_ != has_weight) {
    endpoint->has_weight_ = has_weight;
    has_weight ? weighted_.fetch_add(1, kRelaxed) : weighted_.fetch_sub(1, kRelaxed);
  }
  return endpoint;
}

std::shared_ptr<const OutlierEndpoint> OutlierGroup::find(const EndpointKey& key) const {
  std::lock_guard lock(mutex_);
  auto found = members_.find(key);
  return found == members_.end() ? nullptr : found->second.lock();
}

std::vector<std::shared_ptr<OutlierEndpoint>> OutlierGroup::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<OutlierEndpoint>> out;
  for (const auto& [key, member] : members_) {
    if (auto endpoint = member.lock()) out.push_back(std::move(endpoint));
  }
  return out;
}

bool OutlierGroup::may_eject(const OutlierEndpoint& endpoint, const OutlierSpec& spec) const {
  if (ejected() >= most_ejected(weighted_.load(kRelaxed), spec.max_ejected_percent)) return false;
  // Checks may have taken the others away. The first usable one is answer enough.
  return std::any_of(members_.begin(), members_.end(), [&](const auto& item) {
    auto other = item.second.lock();
    return other != nullptr && other.get() != &endpoint && other->has_weight_ && other->usable();
  });
}

bool OutlierGroup::eject(OutlierEndpoint& endpoint, const Ejection& why, const OutlierSpec& spec, MonoTime now,
                         double draw) {
  std::lock_guard lock(mutex_);
  if (!endpoint.is_in()) return false;
  if (!may_eject(endpoint, spec)) {
    refused_.fetch_add(1, kRelaxed);
    return false;
  }
  ejected_.fetch_add(1, kRelaxed);
  begin(endpoint, why, spec, now, draw);
  endpoint.move(OutlierState::kIn, OutlierState::kEjected);
  epoch_->advance();
  return true;
}

void OutlierGroup::begin(OutlierEndpoint& endpoint, const Ejection& why, const OutlierSpec& spec, MonoTime now,
                         double draw) {
  uint32_t times = next_times(spec, endpoint.times());
  endpoint.times_.store(times, kRelaxed);
  endpoint.set_until(why, now + ejection_time(spec, times, draw));
  endpoint.ejections_.fetch_add(1, kRelaxed);
  ejections_[static_cast<size_t>(why.cause)].fetch_add(1, kRelaxed);
}

// Balancers have not seen it come back: nothing changes for them.
void OutlierGroup::eject_again(OutlierEndpoint& endpoint, const OutlierSpec& spec, MonoTime now, double draw) {
  std::lock_guard lock(mutex_);
  begin(endpoint, {EjectionCause::kProbe, 1, 0}, spec, now, draw);
  endpoint.move(OutlierState::kProbing, OutlierState::kEjected);
}

void OutlierGroup::take_back(OutlierEndpoint& endpoint) {
  std::lock_guard lock(mutex_);
  endpoint.forget_counts();
  endpoint.move(OutlierState::kProbing, OutlierState::kIn);
  ejected_.fetch_sub(1, kRelaxed);
  returns_.fetch_add(1, kRelaxed);
  epoch_->advance();
}

void OutlierGroup::forgive() {
  std::lock_guard lock(mutex_);
  for (const auto& [key, member] : members_) {
    auto endpoint = member.lock();
    if (endpoint == nullptr || !endpoint->is_in() || endpoint->times() == 0) continue;
    endpoint->times_.fetch_sub(1, kRelaxed);
  }
  drop_expired(members_);
}

// May run while this group's mutex is held, by whoever held the endpoint last.
void OutlierGroup::on_gone(const OutlierEndpoint& endpoint) noexcept {
  if (endpoint.has_weight_) weighted_.fetch_sub(1, kRelaxed);
  if (!endpoint.is_in()) ejected_.fetch_sub(1, kRelaxed);
}

std::shared_ptr<OutlierGroup> OutlierTable::get(const ResourceKey& backend_set) {
  std::lock_guard lock(mutex_);
  auto& slot = groups_[backend_set];
  auto group = slot.lock();
  if (group == nullptr) slot = group = std::make_shared<OutlierGroup>(epoch_);
  drop_expired(groups_);
  return group;
}

std::shared_ptr<OutlierGroup> OutlierTable::find(const ResourceKey& backend_set) const {
  std::lock_guard lock(mutex_);
  auto found = groups_.find(backend_set);
  return found == groups_.end() ? nullptr : found->second.lock();
}
}  // namespace heddle
