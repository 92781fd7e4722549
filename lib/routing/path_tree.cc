#include "lib/routing/path_tree.h"

#include <algorithm>

namespace heddle {
namespace {
// Cuts the first element off a path that begins with '/': "/a/b" gives "a" and leaves "/b".
std::string_view take_element(std::string_view& path) {
  size_t end = std::min(path.find('/', 1), path.size());
  std::string_view element = path.substr(1, end - 1);
  path.remove_prefix(end);
  return element;
}

template <class Children>
auto position(Children& children, std::string_view element) {
  return std::lower_bound(children.begin(), children.end(), element,
                          [](const auto& child, std::string_view e) { return child.element < e; });
}
}  // namespace

void PathTree::add(const PathMatch& match, uint32_t candidate) {
  std::string_view path = match.value;
  if (match.type == PathMatchType::kPrefix && path.ends_with('/')) path.remove_suffix(1);
  uint32_t at = 0;
  while (!path.empty()) at = make_child(at, take_element(path));
  (match.type == PathMatchType::kExact ? nodes_[at].exact : nodes_[at].prefix).push_back(candidate);
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
  const std::vector<Child>& children = nodes_[node].children;
  auto it = position(children, element);
  return it != children.end() && it->element == element ? it->node : kNone;
}

uint32_t PathTree::make_child(uint32_t node, std::string_view element) {
  uint32_t known = child(node, element);
  if (known != kNone) return known;
  auto made = static_cast<uint32_t>(nodes_.size());
  nodes_.emplace_back().parent = node;
  std::vector<Child>& children = nodes_[node].children;
  children.insert(position(children, element), {std::string(element), made});
  return made;
}
}  // namespace heddle
