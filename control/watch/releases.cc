#include "control/watch/releases.h"

#include <algorithm>

#include "control/translate/reference_index.h"

namespace heddle {
// --- AddressUse ---

bool AddressUse::is_named_in(const StoredResource& resource) const {
  const auto* spec = spec_of<BackendSetSpec>(resource);
  if (spec == nullptr) return false;
  return std::any_of(spec->endpoints.begin(), spec->endpoints.end(), [this](const Endpoint& endpoint) {
    const Address& used = endpoint.address();
    return std::any_of(addresses_.begin(), addresses_.end(), [&used](const Address& ours) {
      return ours == used || (ours.port() == 0 && ours == used.with_port(0));
    });
  });
}

bool AddressUse::looks_into(const StoredResource::Ptr& resource) {
  if (resource->key().kind != Kind::kBackendSet) return false;
  auto [at, is_new] = resources_.try_emplace(resource.get(), ResourceLook{resource, false});
  if (is_new) at->second.is_in = is_named_in(*resource);
  return at->second.is_in;
}

bool AddressUse::is_in(const ScopeSet::Ptr& set) {
  if (set == nullptr) return false;
  if (sets_.size() + resources_.size() > kMaxRemembered) {
    sets_.clear();
    resources_.clear();
  }
  auto [at, is_new] = sets_.try_emplace(set.get(), SetLook{set, false});
  if (!is_new) return at->second.is_in;
  bool is_in = std::any_of(set->resources.begin(), set->resources.end(),
                           [this](const StoredResource::Ptr& resource) { return looks_into(resource); });
  at->second.is_in = is_in;
  return is_in;
}

bool AddressUse::is_in(const View& view) {
  for (const ResourceKey& key : naming_) {
    StoredResource::Ptr resource = view.find(key);
    if (resource != nullptr && is_named_in(*resource)) return was_in_ = true;
  }
  if (!was_in_) return false;
  was_in_ = false;
  view.for_each(Kind::kBackendSet, [this](const StoredResource::Ptr& resource) {
    if (!is_named_in(*resource)) return;
    was_in_ = true;
    if (std::find(naming_.begin(), naming_.end(), resource->key()) == naming_.end()) naming_.push_back(resource->key());
  });
  return was_in_;
}

// --- Releases ---

void Releases::begin(Subscriber& leaver, const WatchDraining& said, MonoTime now) {
  if (!book_.begin(leaver.id(), now + std::min(said.within, kMaxLeavingWithin))) {
    return leaver.tell_release({ReleaseState::kBusy});
  }
  leavers_.insert_or_assign(leaver.id(), Leaver{&leaver, AddressUse(said.addresses)});
}

void Releases::look_at(const Subscriber& sidecar) {
  for (auto& [id, leaver] : leavers_) {
    bool uses = sidecar.holds_unknown() || leaver.use.is_in(sidecar.held()) || leaver.use.is_in(sidecar.unanswered());
    book_.set_user(id, sidecar.id(), uses && !sidecar.is_closed());
  }
}

void Releases::look_at(const View& newest, const View* staged) {
  for (auto& [id, leaver] : leavers_) {
    bool is_listed = leaver.use.is_in(newest) || (staged != nullptr && leaver.use.is_in(*staged));
    book_.set_listed(id, is_listed);
    if (is_listed) {
      leaver.gone_since.reset();
    } else if (!leaver.gone_since) {
      leaver.gone_since = newest.version();
    }
  }
}

void Releases::forget(uint64_t id) {
  if (leavers_.empty()) return;
  book_.forget(id);
  book_.end(id);
  leavers_.erase(id);
}

void Releases::look_elsewhere(const Elsewhere& elsewhere) {
  for (auto& [id, leaver] : leavers_) {
    book_.set_elsewhere(id, leaver.gone_since ? elsewhere(*leaver.gone_since, leaver.use) : std::nullopt);
  }
}

std::optional<MonoTime> Releases::tell(MonoTime now) {
  for (const ReleaseBook::Due& due : book_.take(now)) {
    auto at = leavers_.find(due.leaver);
    at->second.subscriber->tell_release(due.release);
    if (due.release.state != ReleaseState::kWaiting) leavers_.erase(at);
  }
  return book_.next_deadline();
}
}  // namespace heddle
