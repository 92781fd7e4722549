// RemoteHolders: what is known of those sidecars of other control planes of which it is not known what they ask for, or
// that are too many to look at one by one (RemoteScopes): not what each holds, but what it runs. Who runs the version
// that changed a resource, or a later one, has it if it should. And which control planes are not heard. Made for one
// answer; pure.
#pragma once
#include <vector>

#include "control/registry/node_registry.h"

namespace heddle {
class RemoteHolders {
 public:
  RemoteHolders() = default;
  // `others`: what those run that are known and were not looked at.
  explicit RemoteHolders(const NodeRegistry&, std::vector<Version> others = {});
  size_t size() const noexcept { return runs_.size(); }  // connected sidecars
  size_t running(Version version) const;                 // of them, that run it or a later one
  // A sidecar that refused the resource by name; nullptr: none did.
  const NodeStatus* refusing(std::string_view key_text) const;
  // "control plane b"; empty: all are heard.
  const std::vector<std::string>& unheard() const noexcept { return unheard_; }
  // "; 3 of 4 sidecars of other control planes run 1.42, which changed it, or a later version"; empty: there are none.
  std::string text(Version changed) const;
  // For a plan: "4 sidecars of other control planes were not compared: what they ask for is not known", "the 12
  // sidecars of control plane b, which is not heard, were compared as they were then"; empty: there are none.
  std::string not_compared() const;

 private:
  std::vector<Version> runs_;  // ascending
  std::vector<NodeStatus> refusing_;
  std::vector<std::string> unheard_;
  size_t unknown_ = 0;
  std::string outdated_;  // of those that are not heard
};
}  // namespace heddle
