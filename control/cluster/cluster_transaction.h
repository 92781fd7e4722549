// What a translation changes in the store, as one transaction: what differs from what was written last is put, what is
// there and not translated any more is erased. Remembers what it wrote, so that a cluster that says the same again
// costs a comparison of texts and no version. Pure; owned by who commits.
#pragma once
#include <map>
#include <set>

#include "control/cluster/translate.h"

namespace heddle {
struct ClusterChange {
  std::vector<ClusterResource> puts;
  std::vector<ResourceKey> erases;
  bool is_empty() const noexcept { return puts.empty() && erases.empty(); }
};

class ClusterTransaction {
 public:
  // `present`: the keys that the store has now.
  ClusterChange next(const Translation&, const std::set<ResourceKey>& present) const;
  // It is in the store.
  void on_committed(const ClusterChange&);

 private:
  std::map<ResourceKey, std::string> written_;  // compact documents
};
}  // namespace heddle
