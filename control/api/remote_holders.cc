#include "control/api/remote_holders.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
RemoteHolders::RemoteHolders(const NodeRegistry& registry, std::vector<Version> others) : runs_(std::move(others)) {
  if (!registry.has_replicas()) return;
  registry.for_each([this](const NodeStatus& row) {
    if (row.replica.empty() || !row.is_connected || row.request != nullptr) return;
    ++unknown_;
    runs_.push_back(row.runs.value_or(Version{}));
    if (row.state == NodeState::kRefused && row.nack) refusing_.push_back(row);
  });
  std::sort(runs_.begin(), runs_.end());
  for (const ReplicaSight& replica : registry.replicas()) {
    if (replica.is_heard) continue;
    unheard_.push_back(str_cat("control plane ", replica.name));
    outdated_.append(str_cat(outdated_.empty() ? "" : "; ", "the ", std::to_string(replica.connected),
                             " sidecars of control plane ", replica.name,
                             ", which is not heard, were compared as they were then"));
  }
}

size_t RemoteHolders::running(Version version) const {
  return static_cast<size_t>(runs_.end() - std::lower_bound(runs_.begin(), runs_.end(), version));
}

const NodeStatus* RemoteHolders::refusing(std::string_view key_text) const {
  auto names_it = [key_text](const WatchNackError& error) { return error.resource == key_text; };
  auto found = std::find_if(refusing_.begin(), refusing_.end(), [&](const NodeStatus& row) {
    return std::any_of(row.nack->errors.begin(), row.nack->errors.end(), names_it);
  });
  return found == refusing_.end() ? nullptr : &*found;
}

std::string RemoteHolders::text(Version changed) const {
  std::string out;
  if (!runs_.empty()) {
    out = str_cat("; ", std::to_string(running(changed)), " of ", std::to_string(runs_.size()),
                  " sidecars of other control planes run ", changed.text(), ", which changed it, or a later version");
  }
  if (!unheard_.empty()) out.append(str_cat("; the sidecars of ", join(unheard_, ", "), " are not known"));
  return out;
}

std::string RemoteHolders::not_compared() const {
  if (unknown_ == 0) return outdated_;
  return str_cat(std::to_string(unknown_),
                 " sidecars of other control planes were not compared: what they ask for is not known",
                 outdated_.empty() ? "" : "; ", outdated_);
}
}  // namespace heddle
