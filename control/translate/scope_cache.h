// ScopeCache: node views of the newest version, made once per distinct request and version; equal sets are one object,
// so that a thousand sidecars that want the same share one. Also answers for older versions (of a sidecar that comes
// back). Lives on the control loop.
#pragma once
#include <optional>
#include <unordered_map>

#include "control/translate/content_change.h"

namespace heddle {
class ScopeCache {
 public:
  static constexpr size_t kMaxOldIndexes = 4;
  // The newest view; forgets what was made of the one before, but for what is the same in both (content_change.h) and
  // was asked for since the last advance().
  void advance(const View& view);
  NodeView current(const NodeRequest&);
  NodeView at(const View& old, const NodeRequest&);
  size_t distinct() const noexcept { return views_.size(); }

 private:
  using Index = std::shared_ptr<const ReferenceIndex>;
  struct Entry {
    NodeView view;
    bool is_used = true;
  };
  void keep_what_is_the_same(const std::vector<std::string_view>& changed);
  Index index_of(const View& old);
  void intern(NodeView&);
  Index newest_ = std::make_shared<const ReferenceIndex>(View());
  std::vector<Index> old_;                        // newest last
  std::unordered_map<std::string, Entry> views_;  // by the text of the request
  std::map<Sha256Digest, std::weak_ptr<const ScopeSet>> sets_;
};
}  // namespace heddle
