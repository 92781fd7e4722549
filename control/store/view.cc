#include "control/store/view.h"

namespace heddle {
StoredResource::Ptr View::find(const ResourceKey& key) const {
  const StoredResource::Ptr* found = map_.find(key);
  return found == nullptr ? nullptr : *found;
}

View View::with(const StoredResource::Ptr& resource) const {
  View next = without(resource->key());
  next.bytes_ += resource->line().size();
  // From the map that may still hold the key: one path copied, not two.
  const ResourceKey& key = resource->key();
  next.map_ = map_.with(key, resource);
  return next;
}

View View::without(const ResourceKey& key) const {
  View next = *this;
  const StoredResource::Ptr* old = map_.find(key);
  if (old == nullptr) return next;
  next.bytes_ -= (*old)->line().size();
  next.map_ = map_.without(key);
  return next;
}

View View::at(Version version) const {
  View next = *this;
  next.version_ = version;
  return next;
}
}  // namespace heddle
