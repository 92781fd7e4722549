// PathTree: path -> candidates, best first: those whose Exact value is the path, then those of the longest PathPrefix,
// by whole path elements ("/abc" is a prefix of "/abc" and "/abc/d", not of "/abcd"; a '/' at the end of the value
// means nothing). A lookup walks the path once and allocates nothing. Immutable once built.
// Candidates are numbers; among those of one node the order is that of the list the tree is made of. The tree is one
// array of words, each node followed by the edges to its children, all nodes by the text of their elements: with
// thousands of routes each lookup finds it cold, so it touches few cache lines.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "lib/config/model.h"

namespace heddle {
class PathTree {
 public:
  // Candidate i is paths[i].
  explicit PathTree(std::span<const PathMatch* const> paths = {});

  // The candidates, grouped as find() asks for them: it calls by place in this order. Only while the tree is built.
  std::vector<uint32_t> take_order() { return std::move(order_); }

  // Calls accept(place) from the best to the worst until it says true; whether it did.
  template <class Accept>
  bool find(std::string_view path, Accept&& accept) const {
    Walk walk = descend(path);
    Node node = node_at(walk.node);
    if (walk.is_whole && any(node.candidates, node.exact, accept)) return true;
    for (;; node = node_at(node.parent)) {
      if (any(node.candidates + node.exact, node.prefix, accept)) return true;
      if (node.parent == kNone) return false;
    }
  }

 private:
  struct Growing;  // while it is built
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Edge {
    uint32_t hash;  // of the element; a node's edges are sorted by it
    uint32_t node;  // where the child begins, in words
  };
  struct Node {
    uint32_t parent = kNone;
    uint32_t element = 0;  // the last element of the node's path: where in the text
    uint32_t element_size = 0;
    uint32_t candidates = 0;  // the first place: those of `exact`, then those of `prefix`
    uint32_t exact = 0;       // how many
    uint32_t prefix = 0;
    uint32_t children = 0;  // how many edges follow
  };
  static constexpr uint32_t kNodeWords = sizeof(Node) / sizeof(uint32_t);
  static constexpr uint32_t kEdgeWords = sizeof(Edge) / sizeof(uint32_t);
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
  template <class T>
  T read(uint32_t word) const noexcept {
    T out;
    std::memcpy(static_cast<void*>(&out), words_.data() + word, sizeof(T));
    return out;
  }
  Node node_at(uint32_t word) const noexcept { return read<Node>(word); }
  Edge edge_at(uint32_t node, uint32_t i) const noexcept { return read<Edge>(node + kNodeWords + kEdgeWords * i); }
  std::string_view element_of(const Node& node) const noexcept {
    return {reinterpret_cast<const char*>(words_.data()) + node.element, node.element_size};
  }
  Walk descend(std::string_view path) const noexcept;
  uint32_t child(uint32_t node, std::string_view element) const noexcept;
  void place(std::vector<Growing>&);
  void write_node(const std::vector<Growing>&, const Growing&);
  std::vector<uint32_t> words_;  // the root is the first node
  std::vector<uint32_t> order_;
};
}  // namespace heddle
