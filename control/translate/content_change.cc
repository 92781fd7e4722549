#include "control/translate/content_change.h"

#include <algorithm>

#include "lib/config/effective_backend_set.h"

namespace heddle {
namespace {
std::vector<const StoredResource*> all_of(const View& view) {
  std::vector<const StoredResource*> out;
  out.reserve(view.size());
  view.for_each([&out](const StoredResource::Ptr& resource) { out.push_back(resource.get()); });
  return out;
}

// The references of a backend set are those that node_view() follows.
bool refers_to_the_same(const StoredResource& before, const StoredResource& after) {
  if (before.key() != after.key() || after.key().kind != Kind::kBackendSet) return false;
  const auto* was = spec_of<BackendSetSpec>(before);
  const auto* is = spec_of<BackendSetSpec>(after);
  if (was == nullptr || is == nullptr || is_subset(*was) != is_subset(*is)) return false;
  if (is_subset(*is) && was->subset->parent != is->subset->parent) return false;
  return was->health_policy == is->health_policy;
}
}  // namespace

std::optional<std::vector<std::string_view>> content_change(const View& before, const View& after) {
  if (before.size() != after.size()) return std::nullopt;
  std::vector<const StoredResource*> old = all_of(before);
  std::vector<const StoredResource*> now = all_of(after);
  std::vector<std::string_view> changed;
  for (size_t i = 0; i < now.size(); ++i) {
    if (old[i] == now[i]) continue;
    if (changed.size() == kMaxContentChange || !refers_to_the_same(*old[i], *now[i])) return std::nullopt;
    changed.push_back(now[i]->key_text());
  }
  return changed;
}

bool holds_any(const ScopeSet& set, const std::vector<std::string_view>& key_texts) {
  return std::any_of(key_texts.begin(), key_texts.end(), [&set](std::string_view key) {
    auto at =
        std::lower_bound(set.resources.begin(), set.resources.end(), key,
                         [](const StoredResource::Ptr& one, std::string_view text) { return one->key_text() < text; });
    return at != set.resources.end() && (*at)->key_text() == key;
  });
}
}  // namespace heddle
