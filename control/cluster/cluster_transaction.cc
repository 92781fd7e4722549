#include "control/cluster/cluster_transaction.h"

namespace heddle {
ClusterChange ClusterTransaction::next(const Translation& translation, const std::set<ResourceKey>& present) const {
  ClusterChange out;
  std::set<ResourceKey> wanted;
  for (const ClusterResource& one : translation.resources) {
    const ResourceKey& key = one.envelope.key;
    wanted.insert(key);
    auto written = written_.find(key);
    bool is_there = present.contains(key) && written != written_.end();
    if (!is_there || written->second != one.envelope.document.compact()) out.puts.push_back(one);
  }
  for (const ResourceKey& key : present) {
    if (!wanted.contains(key)) out.erases.push_back(key);
  }
  return out;
}

void ClusterTransaction::on_committed(const ClusterChange& change) {
  for (const ClusterResource& one : change.puts) written_[one.envelope.key] = one.envelope.document.compact();
  for (const ResourceKey& key : change.erases) written_.erase(key);
}
}  // namespace heddle
