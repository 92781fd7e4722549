// The part of the WatchHub for sidecars that are about to end: when has everybody let go of them?
#include <algorithm>

#include "control/watch/watch_hub.h"

namespace heddle {
namespace {
constexpr Duration kLookAgain = 250ms;      // while somebody leaves
constexpr Duration kLookElsewhere = 100ms;  // at least between two looks at the sidecars of other control planes
}  // namespace

void WatchHub::begin_release(Subscriber& leaver, const WatchDraining& said) {
  releases_.begin(leaver, said, scheduler_.now());
  for (auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_greeted()) releases_.look_at(*subscriber);
  }
  if (synced_) use_newest();
}

void WatchHub::tell_releases() {
  if (releases_.empty() || !synced_) return;
  MonoTime now = scheduler_.now();
  if (!registry_.has_replicas() || now - looked_elsewhere_ >= kLookElsewhere) {
    looked_elsewhere_ = now;
    releases_.look_elsewhere([this](Version gone, AddressUse& use) { return users_elsewhere(gone, use); });
  }
  auto next = releases_.tell(now);
  if (next) release_timer_->arm(std::clamp<Duration>(*next - now, 1ms, kLookAgain));
}

// Each of them must be heard and have the version: who connects there would get an older one.
std::optional<size_t> WatchHub::users_elsewhere(Version gone, AddressUse& use) {
  if (!released_from_ || scheduler_.now() < *released_from_) return std::nullopt;
  if (!registry_.has_replicas()) return 0;
  for (const ReplicaSight& replica : registry_.replicas()) {
    if (!replica.is_heard || replica.newest < gone) return std::nullopt;
  }
  size_t users = 0;
  registry_.for_each([&](const NodeStatus& row) {
    if (row.is_connected && !row.replica.empty() && may_use(row, gone, use)) ++users;
  });
  return users;
}

// What it holds is the content of its scope at the version that it runs; what it may be taking is not older than that,
// and before `gone`.
bool WatchHub::may_use(const NodeStatus& row, Version gone, AddressUse& use) {
  if (row.runs.value_or(Version{}) >= gone) return false;
  std::optional<View> held = row.runs ? store_.view_at(*row.runs) : std::nullopt;
  std::optional<View> before = store_.view_at({gone.epoch, gone.sequence - 1});
  if (!held || !before || row.request == nullptr) return true;
  return use.is_in(scopes_.at(*held, *row.request).set) || use.is_in(scopes_.at(*before, *row.request).set);
}
}  // namespace heddle
