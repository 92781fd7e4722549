// IntrusiveList<T>: a doubly linked list whose nodes are members (bases) of what they link. No allocation; a node
// that is destroyed leaves its list. T derives from ListNode<T>. Belongs to one loop.
#pragma once
#include <cstddef>

#include "lib/base/assert.h"

namespace heddle {
template <class T, class Tag = void>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }
  bool is_linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  template <class, class>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* prev_ = nullptr;
};

template <class T, class Tag = void>
class IntrusiveList {
 public:
  using Node = ListNode<T, Tag>;
  IntrusiveList() { head_.next_ = head_.prev_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
    head_.next_ = nullptr;  // the head's own ~ListNode finds nothing to unlink
  }
  bool empty() const noexcept { return head_.next_ == &head_; }
  void push_back(T& item) noexcept { insert_before(head_, item); }
  void push_front(T& item) noexcept { insert_before(*head_.next_, item); }
  T* front() noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() noexcept { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  T* pop_front() noexcept {
    T* item = front();
    if (item != nullptr) static_cast<Node*>(item)->unlink();
    return item;
  }
  // Moves everything of `other` to the end of this list; O(1).
  void splice(IntrusiveList& other) noexcept {
    if (other.empty()) return;
    Node* first = other.head_.next_;
    Node* last = other.head_.prev_;
    other.head_.next_ = other.head_.prev_ = &other.head_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
  }
  // f(T&) may unlink the item it is given, but no other.
  template <class F>
  void for_each(F&& f) {
    for (Node* n = head_.next_; n != &head_;) {
      Node* next = n->next_;
      f(*static_cast<T*>(n));
      n = next;
    }
  }

 private:
  static void insert_before(Node& at, T& item) noexcept {
    Node& n = item;
    HEDDLE_ASSERT(!n.is_linked());
    n.prev_ = at.prev_;
    n.next_ = &at;
    at.prev_->next_ = &n;
    at.prev_ = &n;
  }
  Node head_;
};
}  // namespace heddle
