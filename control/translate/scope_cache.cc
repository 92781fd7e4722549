#include "control/translate/scope_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace heddle {
void ScopeCache::advance(const View& view) {
  if (view.version() == newest_->view().version()) return;
  auto changed = content_change(newest_->view(), view);
  newest_ = std::make_shared<const ReferenceIndex>(view);
  if (changed) {
    keep_what_is_the_same(*changed);
  } else {
    views_.clear();
  }
  std::erase_if(sets_, [](const auto& entry) { return entry.second.expired(); });
}

void ScopeCache::keep_what_is_the_same(const std::vector<std::string_view>& changed) {
  Version version = newest_->view().version();
  for (auto at = views_.begin(); at != views_.end();) {
    Entry& entry = at->second;
    bool is_stale = !std::exchange(entry.is_used, false) || holds_any(*entry.view.set, changed);
    entry.view.version = version;
    at = is_stale ? views_.erase(at) : std::next(at);
  }
}

NodeView ScopeCache::current(const NodeRequest& request) {
  std::string made = request.text.empty() ? request_text(request) : std::string();
  const std::string& text = request.text.empty() ? made : request.text;
  auto at = views_.find(text);
  if (at == views_.end()) {
    at = views_.try_emplace(text).first;
    at->second.view = node_view(*newest_, request);
    intern(at->second.view);
  }
  at->second.is_used = true;
  return at->second.view;
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
