#include "proxy/resilience/health_table.h"

namespace heddle {
HealthTable::HealthTable() : epoch_(std::make_shared<HealthEpoch>()) {}

std::shared_ptr<EndpointHealth> HealthTable::get(const HealthKey& key) {
  std::lock_guard lock(mutex_);
  auto& entry = entries_[key];
  if (entry == nullptr) entry = std::make_shared<EndpointHealth>(epoch_);
  return entry;
}

size_t HealthTable::sweep() {
  std::lock_guard lock(mutex_);
  // a count of one cannot grow while we hold the lock: only get() hands out copies
  return std::erase_if(entries_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

std::vector<std::pair<HealthKey, std::shared_ptr<const EndpointHealth>>> HealthTable::all() const {
  std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

size_t HealthTable::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}
}  // namespace heddle
