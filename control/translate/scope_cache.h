// ScopeCache: node views of the newest version, made once per distinct request and version; equal sets are one object,
// so that a thousand sidecars that want the same share one. Also answers for older versions (of a sidecar that comes
// back). Lives on the control loop.
#pragma once
#include <optional>

#include "control/translate/node_view.h"

namespace heddle {
class ScopeCache {
 public:
  static constexpr size_t kMaxOldIndexes = 4;
  // The newest view; forgets what was made of the one before.
  void advance(const View& view);
  NodeView current(const NodeRequest&);
  NodeView at(const View& old, const NodeRequest&);
  size_t distinct() const noexcept { return views_.size(); }

 private:
  using Index = std::shared_ptr<const ReferenceIndex>;
  Index index_of(const View& old);
  void intern(NodeView&);
  Index newest_ = std::make_shared<const ReferenceIndex>(View());
  std::vector<Index> old_;                 // newest last
  std::map<std::string, NodeView> views_;  // by the text of the request
  std::map<Sha256Digest, std::weak_ptr<const ScopeSet>> sets_;
};
}  // namespace heddle
