#include "control/watch/release_book.h"

#include <algorithm>

namespace heddle {
bool ReleaseBook::begin(Id leaver, MonoTime deadline) {
  auto at = leavers_.find(leaver);
  if (at == leavers_.end() && leavers_.size() >= kMaxLeavers) return false;
  leavers_[leaver].deadline = deadline;
  leavers_[leaver].told.reset();  // it asked: it is answered
  return true;
}

void ReleaseBook::set_listed(Id leaver, bool is_listed) {
  auto at = leavers_.find(leaver);
  if (at != leavers_.end()) at->second.is_listed = is_listed;
}

void ReleaseBook::set_user(Id leaver, Id sidecar, bool is_user) {
  auto at = leavers_.find(leaver);
  if (at == leavers_.end()) return;
  if (is_user) {
    at->second.used.insert(sidecar);
    at->second.using_.insert(sidecar);
  } else {
    at->second.using_.erase(sidecar);
  }
}

void ReleaseBook::set_elsewhere(Id leaver, std::optional<size_t> missing) {
  auto at = leavers_.find(leaver);
  if (at == leavers_.end()) return;
  at->second.elsewhere = missing;
  at->second.most_elsewhere = std::max(at->second.most_elsewhere, missing.value_or(0));
}

void ReleaseBook::forget(Id sidecar) {
  for (auto& [id, leaver] : leavers_) {
    leaver.used.erase(sidecar);
    leaver.using_.erase(sidecar);
  }
}

WatchRelease ReleaseBook::judge(const Leaver& leaver, MonoTime now) {
  WatchRelease out;
  out.sidecars = leaver.used.size() + leaver.most_elsewhere;
  out.missing = leaver.using_.size() + leaver.elsewhere.value_or(leaver.most_elsewhere);
  out.is_listed = leaver.is_listed;
  bool is_released = !leaver.is_listed && leaver.using_.empty() && leaver.elsewhere == 0U;
  if (is_released) {
    out.state = ReleaseState::kAcknowledged;
  } else if (now >= leaver.deadline) {
    out.state = ReleaseState::kDeadline;
  }
  return out;
}

std::vector<ReleaseBook::Due> ReleaseBook::take(MonoTime now) {
  std::vector<Due> out;
  for (auto at = leavers_.begin(); at != leavers_.end();) {
    WatchRelease release = judge(at->second, now);
    if (at->second.told != release) out.push_back({at->first, release});
    at->second.told = release;
    at = release.state == ReleaseState::kWaiting ? std::next(at) : leavers_.erase(at);
  }
  return out;
}

std::optional<MonoTime> ReleaseBook::next_deadline() const {
  auto sooner = [](const auto& a, const auto& b) { return a.second.deadline < b.second.deadline; };
  auto first = std::min_element(leavers_.begin(), leavers_.end(), sooner);
  return first == leavers_.end() ? std::nullopt : std::optional(first->second.deadline);
}
}  // namespace heddle
