#include "proxy/resilience/rate_tables.h"

namespace heddle {
std::shared_ptr<RateBuckets> RateTables::get(const std::string& limit, RateShape shape, RateBuckets::Keyed keyed) {
  std::lock_guard lock(mutex_);
  std::erase_if(tables_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<RateBuckets>& entry = tables_[limit];
  std::shared_ptr<RateBuckets> out = entry.lock();
  if (out == nullptr) {
    out = std::make_shared<RateBuckets>(shape, keyed);
    entry = out;
  }
  return out;
}

size_t RateTables::size() const {
  std::lock_guard lock(mutex_);
  return tables_.size();
}
}  // namespace heddle
