// PersistentMap<K, V>: an immutable sorted map. A copy is one pointer; with() and without() answer a new map that
// shares all but O(log n) nodes with the old one, so that every version of the store stays readable for as long as
// somebody holds it. An AVL tree with path copying. Safe to read from any thread; values should be cheap to copy.
#pragma once
#include <algorithm>
#include <memory>
#include <utility>

namespace heddle {
template <class K, class V>
class PersistentMap {
 public:
  PersistentMap() = default;
  PersistentMap with(const K& key, V value) const {
    bool added = false;
    Ptr root = insert(root_, key, std::move(value), added);
    return PersistentMap(std::move(root), size_ + (added ? 1 : 0));
  }
  PersistentMap without(const K& key) const {
    bool removed = false;
    Ptr root = remove(root_, key, removed);
    return removed ? PersistentMap(std::move(root), size_ - 1) : *this;
  }
  // Valid as long as any map that shares the node lives.
  const V* find(const K& key) const {
    for (const Node* n = root_.get(); n != nullptr;) {
      auto order = key <=> n->key;
      if (order == 0) return &n->value;
      n = order < 0 ? n->left.get() : n->right.get();
    }
    return nullptr;
  }
  size_t size() const noexcept { return size_; }
  bool is_same(const PersistentMap& other) const noexcept { return root_ == other.root_; }
  // Ascending; f(const K&, const V&) answers false to stop.
  template <class F>
  void for_each_from(const K& first, F&& f) const {
    walk(root_.get(), &first, f);
  }
  template <class F>
  void for_each(F&& f) const {
    auto always = [&f](const K& key, const V& value) {
      f(key, value);
      return true;
    };
    walk(root_.get(), nullptr, always);
  }

 private:
  struct Node;
  using Ptr = std::shared_ptr<const Node>;
  struct Node {
    K key;
    V value;
    Ptr left;
    Ptr right;
    int height;
  };
  PersistentMap(Ptr root, size_t size) : root_(std::move(root)), size_(size) {}

  static int height(const Ptr& n) { return n == nullptr ? 0 : n->height; }
  static Ptr make(const K& key, V value, Ptr left, Ptr right) {
    int h = 1 + std::max(height(left), height(right));
    return std::make_shared<const Node>(Node{key, std::move(value), std::move(left), std::move(right), h});
  }
  // `left` and `right` differ in height by at most two.
  static Ptr balance(const K& key, V value, Ptr left, Ptr right) {
    if (height(left) > height(right) + 1) {
      if (height(left->left) >= height(left->right)) {
        Ptr down = make(key, std::move(value), left->right, std::move(right));
        return make(left->key, left->value, left->left, std::move(down));
      }
      const Ptr top = left->right;
      Ptr a = make(left->key, left->value, left->left, top->left);
      return make(top->key, top->value, std::move(a), make(key, std::move(value), top->right, std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      if (height(right->right) >= height(right->left)) {
        Ptr down = make(key, std::move(value), std::move(left), right->left);
        return make(right->key, right->value, std::move(down), right->right);
      }
      const Ptr top = right->left;
      Ptr a = make(key, std::move(value), std::move(left), top->left);
      return make(top->key, top->value, std::move(a), make(right->key, right->value, top->right, right->right));
    }
    return make(key, std::move(value), std::move(left), std::move(right));
  }
  static Ptr insert(const Ptr& n, const K& key, V value, bool& added) {
    if (n == nullptr) {
      added = true;
      return make(key, std::move(value), nullptr, nullptr);
    }
    auto order = key <=> n->key;
    if (order == 0) return make(key, std::move(value), n->left, n->right);
    if (order < 0) return balance(n->key, n->value, insert(n->left, key, std::move(value), added), n->right);
    return balance(n->key, n->value, n->left, insert(n->right, key, std::move(value), added));
  }
  static Ptr remove(const Ptr& n, const K& key, bool& removed) {
    if (n == nullptr) return nullptr;
    auto order = key <=> n->key;
    if (order < 0) return balance(n->key, n->value, remove(n->left, key, removed), n->right);
    if (order > 0) return balance(n->key, n->value, n->left, remove(n->right, key, removed));
    removed = true;
    if (n->left == nullptr) return n->right;
    if (n->right == nullptr) return n->left;
    const Node* next = n->right.get();
    while (next->left != nullptr) next = next->left.get();
    bool moved = false;
    return balance(next->key, next->value, n->left, remove(n->right, next->key, moved));
  }
  // Skips what is below `first`; false once f() said stop.
  template <class F>
  static bool walk(const Node* n, const K* first, F& f) {
    if (n == nullptr) return true;
    bool reached = first == nullptr || *first <= n->key;
    if (reached && !walk(n->left.get(), first, f)) return false;
    if (reached && !f(n->key, n->value)) return false;
    return walk(n->right.get(), first, f);
  }

  Ptr root_;
  size_t size_ = 0;
};
}  // namespace heddle
