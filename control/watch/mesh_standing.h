// MeshStanding: what connected sidecars run and refuse, of all control planes, looked at once for everybody who waits
// for a version: then each of them costs a comparison, not a look at each sidecar. Pure; as old as the moment it was
// made.
#pragma once
#include <algorithm>
#include <map>
#include <optional>

#include "lib/api/resource.h"

namespace heddle {
class MeshStanding {
 public:
  // `newest`: the store's version.
  explicit MeshStanding(Version newest) : newest_(newest), runs_(newest) {}
  // A connected sidecar: the version it runs (Version{}: none), and the one it refused of what it should hold.
  void note(Version runs, std::optional<Version> refused) {
    runs_ = std::min(runs_, runs);
    ++sidecars_;
    if (!refused) return;
    auto [at, is_new] = least_.try_emplace(*refused, runs);
    if (!is_new) at->second = std::min(at->second, runs);
  }
  // Another control plane: its store's version; nothing: what its sidecars run is not known.
  void note_replica(std::optional<Version> newest) {
    if (newest) newest_ = std::min(newest_, *newest);
    is_known_ = is_known_ && newest.has_value();
  }
  // The smallest version that a connected sidecar runs; the store's when nobody is connected.
  Version runs() const noexcept { return runs_; }
  size_t sidecars() const noexcept { return sidecars_; }
  bool is_reached(Version version) const { return is_known_ && newest_ >= version && runs_ >= version; }
  // Whether a sidecar that runs less refused `version` or a later one: it will not be reached by itself.
  bool is_refused(Version version) const {
    return std::any_of(least_.lower_bound(version), least_.end(),
                       [version](const auto& entry) { return entry.second < version; });
  }
  bool is_over(Version version) const { return is_reached(version) || is_refused(version); }

 private:
  Version newest_;  // that every control plane has
  Version runs_;
  size_t sidecars_ = 0;
  bool is_known_ = true;
  std::map<Version, Version> least_;  // by what was refused: the least that one of those who refused it runs
};
}  // namespace heddle
