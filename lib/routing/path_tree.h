// PathTree: path -> candidates, best first: those whose Exact value is the path, then those of the longest PathPrefix,
// by whole path elements ("/abc" is a prefix of "/abc" and "/abc/d", not of "/abcd"; a '/' at the end of the value
// means nothing). A lookup walks the path once and allocates nothing. Immutable once built.
// Candidates are numbers; among those of one node the order is that of the list the tree is made of. The tree is four
// flat arrays: with thousands of routes each lookup finds it cold, so it touches few cache lines.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/model.h"

namespace heddle {
class PathTree {
 public:
  // Candidate i is paths[i].
  explicit PathTree(std::span<const PathMatch* const> paths = {});

  // The candidates, grouped as find() asks for them: it calls by place in this order.
  std::span<const uint32_t> order() const noexcept { return order_; }

  // Calls accept(place) from the best to the worst until it says true; whether it did. The candidate is order()[place].
  template <class Accept>
  bool find(std::string_view path, Accept&& accept) const {
    Walk walk = descend(path);
    const Node* node = &nodes_[walk.node];
    if (walk.is_whole && any(node->candidates, node->exact, accept)) return true;
    for (;; node = &nodes_[node->parent]) {
      if (any(node->candidates + node->exact, node->prefix, accept)) return true;
      if (node->parent == kNone) return false;
    }
  }

 private:
  struct Growing;  // while it is built
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Node {
    uint32_t parent = kNone;
    uint32_t element = 0;  // in text_: the last element of the node's path
    uint32_t element_size = 0;
    uint32_t children = 0;  // the first in edges_
    uint32_t child_count = 0;
    uint32_t candidates = 0;  // the first in order_: those of `exact`, then those of `prefix`
    uint32_t exact = 0;       // how many
    uint32_t prefix = 0;
  };
  struct Edge {
    uint32_t hash;  // of the element; a node's edges are sorted by it
    uint32_t node;
  };
  struct Walk {
    uint32_t node = 0;      // the deepest one along the path
    bool is_whole = false;  // the path ends there
  };
  template <class Accept>
  static bool any(uint32_t first, uint32_t count, Accept&& accept) {
    for (uint32_t place = first; place < first + count; ++place) {
      if (accept(place)) return true;
    }
    return false;
  }
  Walk descend(std::string_view path) const noexcept;
  uint32_t child(uint32_t node, std::string_view element) const noexcept;
  void take_node(uint32_t at, Growing&& grown);
  std::vector<Node> nodes_;  // the first is the root
  std::vector<Edge> edges_;
  std::string text_;
  std::vector<uint32_t> order_;
};
}  // namespace heddle
