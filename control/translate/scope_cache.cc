#include "control/translate/scope_cache.h"

#include <algorithm>

namespace heddle {
namespace {
// Names hold no line break.
std::string text_of(const NodeRequest& request) {
  std::string out = request.identity.text();
  out.push_back(request.scope == WatchScope::kEverything ? '*' : '\n');
  for (const ResourceKey& want : request.wants) out.append(want.text()).push_back('\n');
  return out;
}
}  // namespace

void ScopeCache::advance(const View& view) {
  if (view.version() == newest_->view().version()) return;
  newest_ = std::make_shared<const ReferenceIndex>(view);
  views_.clear();
  std::erase_if(sets_, [](const auto& entry) { return entry.second.expired(); });
}

NodeView ScopeCache::current(const NodeRequest& request) {
  auto [at, is_new] = views_.try_emplace(text_of(request));
  if (is_new) {
    at->second = node_view(*newest_, request);
    intern(at->second);
  }
  return at->second;
}

NodeView ScopeCache::at(const View& old, const NodeRequest& request) {
  if (old.version() == newest_->view().version()) return current(request);
  NodeView out = node_view(*index_of(old), request);
  intern(out);
  return out;
}

ScopeCache::Index ScopeCache::index_of(const View& old) {
  for (const Index& index : old_) {
    if (index->view().version() == old.version()) return index;
  }
  if (old_.size() == kMaxOldIndexes) old_.erase(old_.begin());
  old_.push_back(std::make_shared<const ReferenceIndex>(old));
  return old_.back();
}

void ScopeCache::intern(NodeView& view) {
  std::weak_ptr<const ScopeSet>& known = sets_[view.set->hash];
  if (ScopeSet::Ptr same = known.lock()) {
    view.set = std::move(same);
  } else {
    known = view.set;
  }
}
}  // namespace heddle
