#include "lib/routing/path_tree.h"

#include <algorithm>
#include <map>

namespace heddle {
namespace {
// Cuts the first element off a path that begins with '/': "/a/b" gives "a" and leaves "/b".
std::string_view take_element(std::string_view& path) {
  size_t end = std::min(path.find('/', 1), path.size());
  std::string_view element = path.substr(1, end - 1);
  path.remove_prefix(end);
  return element;
}

// Elements of our own configuration are found by it, whatever a client sends: it need not resist attacks.
uint32_t hash_of(std::string_view element) noexcept {
  uint64_t hash = std::hash<std::string_view>{}(element);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}
}  // namespace

struct PathTree::Growing {
  uint32_t parent = kNone;
  std::string_view element;
  std::map<std::string_view, uint32_t> children;
  std::vector<uint32_t> exact;
  std::vector<uint32_t> prefix;
};

PathTree::PathTree(std::span<const PathMatch* const> paths) {
  std::vector<Growing> grown(1);
  auto child_of = [&grown](uint32_t node, std::string_view element) {
    auto made = static_cast<uint32_t>(grown.size());
    auto [at, is_new] = grown[node].children.emplace(element, made);
    uint32_t number = at->second;
    if (is_new) grown.push_back({node, element, {}, {}, {}});
    return number;
  };
  for (uint32_t i = 0; i < paths.size(); ++i) {
    std::string_view path = paths[i]->value;
    if (paths[i]->type == PathMatchType::kPrefix && path.ends_with('/')) path.remove_suffix(1);
    uint32_t at = 0;
    while (!path.empty()) at = child_of(at, take_element(path));
    (paths[i]->type == PathMatchType::kExact ? grown[at].exact : grown[at].prefix).push_back(i);
  }
  nodes_.resize(grown.size());
  edges_.reserve(grown.size() - 1);
  order_.reserve(paths.size());
  for (uint32_t i = 0; i < grown.size(); ++i) take_node(i, std::move(grown[i]));
  text_.shrink_to_fit();
}

void PathTree::take_node(uint32_t at, Growing&& grown) {
  auto size_of = [](const auto& list) { return static_cast<uint32_t>(list.size()); };
  nodes_[at] =
      Node{grown.parent,    size_of(text_),       size_of(grown.element), size_of(edges_), size_of(grown.children),
           size_of(order_), size_of(grown.exact), size_of(grown.prefix)};
  text_.append(grown.element);
  for (const auto& [element, node] : grown.children) edges_.push_back({hash_of(element), node});
  std::sort(edges_.end() - nodes_[at].child_count, edges_.end(),
            [](const Edge& a, const Edge& b) { return a.hash < b.hash; });
  order_.insert(order_.end(), grown.exact.begin(), grown.exact.end());
  order_.insert(order_.end(), grown.prefix.begin(), grown.prefix.end());
}

PathTree::Walk PathTree::descend(std::string_view path) const noexcept {
  Walk walk;
  if (!path.starts_with('/')) return walk;  // "*" and the like: only "/" as a prefix takes them
  while (!path.empty()) {
    uint32_t next = child(walk.node, take_element(path));
    if (next == kNone) return walk;
    walk.node = next;
  }
  walk.is_whole = true;
  return walk;
}

uint32_t PathTree::child(uint32_t node, std::string_view element) const noexcept {
  const Node& parent = nodes_[node];
  if (parent.child_count == 0) return kNone;
  std::span<const Edge> edges(edges_.data() + parent.children, parent.child_count);
  uint32_t hash = hash_of(element);
  auto it = std::lower_bound(edges.begin(), edges.end(), hash, [](const Edge& e, uint32_t h) { return e.hash < h; });
  for (; it != edges.end() && it->hash == hash; ++it) {
    const Node& found = nodes_[it->node];
    if (std::string_view(text_).substr(found.element, found.element_size) == element) return it->node;
  }
  return kNone;
}
}  // namespace heddle
