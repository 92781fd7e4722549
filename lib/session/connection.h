// Connection: what a worker knows about every live connection, so that it can list, drain and abort them.
// ConnectionRegistry: all connections of one loop. Neither owns: connections own themselves until they retire.
#pragma once
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/intrusive_list.h"
#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
class ConnectionRegistry;
class TrustBundle;

// How far a connection is on its way out, because its peer would not be let in any more: UntrustedPeers' mark.
struct Departure {
  enum class State : uint8_t { kNone, kFound, kTold, kCut };
  State state = State::kNone;
  MonoTime since;  // when it was found
};

class Connection : public Retirable, public ListNode<Connection> {
 public:
  // Graceful: no new requests; the connection closes when what is in flight has ended.
  virtual void drain() = 0;
  // At once: streams end with `why`.
  virtual void abort(const Error& why) = 0;
  virtual ConnectionInfo describe() const = 0;    // for operators
  virtual std::string_view protocol() const = 0;  // "http/1.1", "h2", "tcp"
  virtual size_t active_streams() const = 0;
  // Whether everybody whose certificate was verified on it would be believed again, by these roots.
  virtual bool is_trusted(const TrustBundle&) const { return true; }
  Departure departure;
  bool is_noticed = false;  // ShortStay's mark

 protected:
  ~Connection() override = default;
};

class ConnectionRegistry {
 public:
  void add(Connection& connection) {
    connections_.push_back(connection);
    ++count_;
  }
  // Called by a connection when it retires; on_empty fires when the last one leaves.
  void remove(Connection& connection) {
    if (!connection.ListNode<Connection>::is_linked()) return;
    connection.ListNode<Connection>::unlink();
    --count_;
    if (on_removed_) on_removed_();
  }
  size_t size() const noexcept { return count_; }
  template <class F>
  void for_each(F&& f) {
    connections_.for_each(std::forward<F>(f));
  }
  void drain_all() {
    for_each([](Connection& c) { c.drain(); });
  }
  void abort_all(const Error& why) {
    for_each([&](Connection& c) { c.abort(why); });
  }
  // After each removal, from the loop: the worker gives the connection back to its cap, drain looks whether it is done.
  void set_on_removed(Task task) { on_removed_ = std::move(task); }

 private:
  IntrusiveList<Connection> connections_;
  size_t count_ = 0;
  Task on_removed_;
};
}  // namespace heddle
