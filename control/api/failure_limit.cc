#include "control/api/failure_limit.h"

namespace heddle {
bool FailureLimit::may_try(const Address& source, MonoTime now) const {
  auto found = buckets_.find(source.source());
  return found == buckets_.end() || found->second.until_next(now) == Duration(0);
}

void FailureLimit::note_failure(const Address& source, MonoTime now) {
  if (buckets_.size() >= kMaxSources) make_room(now);
  static_cast<void>(buckets_.try_emplace(source.source(), kPerSecond, kBurst, now).first->second.take(now));
}

// Who did not fail lately is forgotten. If all did, it is an attack from many sources that this limit cannot stop:
// memory stays bounded and honest newcomers are not locked out.
void FailureLimit::make_room(MonoTime now) {
  std::erase_if(buckets_, [now](const auto& entry) { return entry.second.is_full(now); });
  if (buckets_.size() >= kMaxSources) buckets_.clear();
}
}  // namespace heddle
