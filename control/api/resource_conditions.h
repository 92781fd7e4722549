// ResourceConditions: `status.conditions` of a resource: whether it is live on the sidecars that should hold it, in the
// shape of the Gateway API: Programmed is True, False (Pending, or Refused with the sidecar's words) or Unknown
// (NoSidecar). Worked out from what the watch hub knows now; stored nowhere. Owned by one answer; control loop.
// The sidecars of other control planes are in groups as our own, where it is known what they ask for; of the rest those
// have it that run the version which changed it or a later one: as long as one does not, it is Pending;
// and a control plane that is not heard makes it Unknown (ReplicaNotHeard). Cost: a search in each group of equal
// scopes for each resource; after kMaxSearches no condition is told.
#pragma once
#include <optional>

#include "control/api/access.h"
#include "control/api/remote_holders.h"
#include "control/watch/watch_hub.h"
#include "lib/base/json.h"

namespace heddle {
class ResourceConditions {
 public:
  static constexpr size_t kMaxSearches = 200'000;
  // Nobody is asked: resources have no conditions.
  ResourceConditions() = default;
  // `grants`: of who reads them; a sidecar's words about what he may not read are not told.
  // `rest`: what sidecars run that are in no group (RemoteScopes).
  ResourceConditions(std::vector<HolderGroup> groups, const NodeRegistry& registry, AccessGrants grants,
                     std::vector<Version> rest = {});
  // Who reads what is asked for from now on.
  void use(AccessGrants grants) { grants_ = std::move(grants); }
  // Nothing for a kind that is not sent to sidecars, and when there were too many searches.
  std::optional<JsonValue> programmed(const StoredResource&, Version newest);

 private:
  struct Group {
    HolderGroup holders;
    std::optional<WatchNack> nack;
  };
  struct Count {
    size_t should = 0;
    size_t live = 0;
    size_t refused = 0;
    const Group* refusing = nullptr;
  };
  Count count(const StoredResource&) const;
  std::string refusal(const NodeKey&, const std::optional<WatchNack>&, const std::string& key_text) const;
  JsonValue judge(const StoredResource&, const Count&, const std::string& live) const;
  std::vector<Group> groups_;
  RemoteHolders others_;
  AccessGrants grants_;
  size_t searches_ = 0;
  bool is_known_ = false;
};

// One condition of a `conditions` list; `status` is True, False or Unknown.
JsonValue api_condition(std::string_view type, std::string_view status, std::string_view reason,
                        std::string_view message, const std::optional<JsonValue>& generation);
}  // namespace heddle
