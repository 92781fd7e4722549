// View: every resource at one version. Immutable; a copy costs two words; views of neighbouring versions share all but
// what changed. Safe on any thread.
#pragma once
#include "control/store/persistent_map.h"
#include "control/store/stored_resource.h"

namespace heddle {
class View {
 public:
  View() = default;
  Version version() const noexcept { return version_; }
  size_t size() const noexcept { return map_.size(); }
  size_t total_bytes() const noexcept { return bytes_; }  // of all put lines
  // nullptr: no such resource.
  StoredResource::Ptr find(const ResourceKey& key) const;
  // Ascending by kind, namespace, name; f(const StoredResource::Ptr&).
  template <class F>
  void for_each(F&& f) const {
    map_.for_each([&f](const ResourceKey&, const StoredResource::Ptr& r) { f(r); });
  }
  template <class F>
  void for_each(Kind kind, F&& f) const {
    map_.for_each_from(ResourceKey{kind, {}, {}}, [&f, kind](const ResourceKey& key, const StoredResource::Ptr& r) {
      if (key.kind != kind) return false;
      f(r);
      return true;
    });
  }

  View with(const StoredResource::Ptr&) const;
  View without(const ResourceKey&) const;
  View at(Version version) const;

 private:
  PersistentMap<ResourceKey, StoredResource::Ptr> map_;
  Version version_;
  size_t bytes_ = 0;
};
}  // namespace heddle
