// PathTree: path -> candidates, best first: those whose Exact value is the path, then those of the longest PathPrefix,
// by whole path elements ("/abc" is a prefix of "/abc" and "/abc/d", not of "/abcd"; a '/' at the end of the value
// means nothing). A lookup walks the path once and allocates nothing. Immutable once built.
// Candidates are numbers; among those of one node the order is that of insertion.
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
  PathTree() : nodes_(1) {}
  void add(const PathMatch&, uint32_t candidate);

  // Calls accept(candidate) from the best to the worst until it says true; whether it did.
  template <class Accept>
  bool find(std::string_view path, Accept&& accept) const {
    Walk walk = descend(path);
    if (walk.is_whole && any(nodes_[walk.node].exact, accept)) return true;
    for (uint32_t at = walk.node; at != kNone; at = nodes_[at].parent) {
      if (any(nodes_[at].prefix, accept)) return true;
    }
    return false;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Child {
    std::string element;
    uint32_t node;
  };
  struct Node {
    uint32_t parent = kNone;
    std::vector<Child> children;  // sorted by element
    std::vector<uint32_t> exact;
    std::vector<uint32_t> prefix;
  };
  struct Walk {
    uint32_t node = 0;      // the deepest one along the path
    bool is_whole = false;  // the path ends there
  };
  template <class Accept>
  static bool any(const std::vector<uint32_t>& candidates, Accept&& accept) {
    for (uint32_t candidate : candidates) {
      if (accept(candidate)) return true;
    }
    return false;
  }
  Walk descend(std::string_view path) const noexcept;
  uint32_t child(uint32_t node, std::string_view element) const noexcept;
  uint32_t make_child(uint32_t node, std::string_view element);
  std::vector<Node> nodes_;  // the first is the root
};
}  // namespace heddle
