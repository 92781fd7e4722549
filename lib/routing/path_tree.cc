#include "lib/routing/path_tree.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace heddle {
namespace {
constexpr uint32_t kWord = sizeof(uint32_t);

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
  uint32_t parent = kNone;  // among those that grow
  std::string_view element;
  std::map<std::string_view, uint32_t> children;
  std::vector<uint32_t> exact;
  std::vector<uint32_t> prefix;
  uint32_t word = 0;  // where it will stand
  uint32_t text = 0;  // and its element, in bytes
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
  place(grown);
  for (const Growing& node : grown) write_node(grown, node);
}

// Nodes and their edges first, then the text of all elements.
void PathTree::place(std::vector<Growing>& grown) {
  uint32_t words = 0;
  for (Growing& node : grown) {
    node.word = words;
    words += kNodeWords + kEdgeWords * static_cast<uint32_t>(node.children.size());
  }
  uint32_t bytes = words * kWord;
  for (Growing& node : grown) {
    node.text = bytes;
    bytes += static_cast<uint32_t>(node.element.size());
  }
  words_ = std::vector<uint32_t>((bytes + kWord - 1) / kWord);
}

void PathTree::write_node(const std::vector<Growing>& grown, const Growing& from) {
  auto size_of = [](const auto& list) { return static_cast<uint32_t>(list.size()); };
  Node node{from.parent == kNone ? kNone : grown[from.parent].word,
            from.text,
            size_of(from.element),
            size_of(order_),
            size_of(from.exact),
            size_of(from.prefix),
            size_of(from.children)};
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  for (const auto& [element, child] : from.children) edges.emplace_back(hash_of(element), grown[child].word);
  std::sort(edges.begin(), edges.end());
  std::memcpy(words_.data() + from.word, &node, sizeof(node));
  uint32_t at = from.word + kNodeWords;
  for (const auto& [hash, child] : edges) {
    words_[at++] = hash;
    words_[at++] = child;
  }
  if (!from.element.empty()) {
    std::memcpy(reinterpret_cast<char*>(words_.data()) + from.text, from.element.data(), from.element.size());
  }
  order_.insert(order_.end(), from.exact.begin(), from.exact.end());
  order_.insert(order_.end(), from.prefix.begin(), from.prefix.end());
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
  uint32_t end = node_at(node).children;
  if (end == 0) return kNone;
  uint32_t hash = hash_of(element);
  uint32_t first = 0;
  for (uint32_t behind = end; first < behind;) {  // the first edge with that hash
    uint32_t middle = first + (behind - first) / 2;
    bool is_before = edge_at(node, middle).hash < hash;
    first = is_before ? middle + 1 : first;
    behind = is_before ? behind : middle;
  }
  for (; first < end && edge_at(node, first).hash == hash; ++first) {
    uint32_t found = edge_at(node, first).node;
    if (element_of(node_at(found)) == element) return found;
  }
  return kNone;
}
}  // namespace heddle
