// Listener: accepts connections on one address. Belongs to one loop; several workers listen on the same address with
// SO_REUSEPORT. Accepts at most kAcceptBudget connections per turn and never more than the cap: at the cap it stops
// polling until connection_ended(). It owns its socket and calls accept4 itself: libuv's own accept loop drops waiting
// clients silently, or spins, when descriptors run out. Here they stay in the kernel's queue and are tried again after
// kRetryAfter.
#pragma once
#include <memory>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
struct ListenSpec {
  Address address;  // IP with port (0: any free port) or a Unix path (an old socket file is replaced)
  bool reuse_port = false;
  bool intercepted = false;  // read SO_ORIGINAL_DST of every connection
  int backlog = 1024;
  uint32_t unix_mode = 0600;
};

// Counts the connections of a whole process or worker against the cap. Owned above the listeners; one loop.
class ConnectionCap {
 public:
  explicit ConnectionCap(size_t limit) : limit_(limit) {}
  bool has_room() const noexcept { return used_ < limit_ && is_open_; }
  // Closed: there is no room, however few there are; who is there stays. Listeners are to be told when it opens again
  // (connection_ended).
  void set_open(bool is_open) noexcept { is_open_ = is_open; }
  void take() noexcept { ++used_; }
  void give_back() noexcept { --used_; }
  size_t used() const noexcept { return used_; }
  size_t limit() const noexcept { return limit_; }
  // min(10,000, 0.45 x RLIMIT_NOFILE, memory / 64 KiB): reliability rule L7. `share` is 0.45 for proxies, 0.9 for
  // control.
  static size_t default_limit(double share, size_t workers);
  // The same without the 10,000, for a process: min(share x RLIMIT_NOFILE, memory / 64 KiB).
  static size_t resource_limit(double share);

 private:
  size_t limit_;
  size_t used_ = 0;
  bool is_open_ = true;
};

class Listener {
 public:
  static constexpr int kAcceptBudget = 32;
  static constexpr Duration kRetryAfter = std::chrono::milliseconds(100);
  using OnAccept = UniqueFunction<void(std::unique_ptr<Transport>)>;
  // Binds and listens, or says which address could not be had and why. Accepting starts with start().
  static Result<std::unique_ptr<Listener>> listen(Loop&, const ListenSpec&, ConnectionCap&, OnAccept);
  virtual ~Listener() = default;
  virtual void start() = 0;
  // At the end of the turn: accepts what already waits in the kernel's queue (SO_REUSEPORT queues are per socket) as
  // far as the cap allows, then closes.
  virtual void stop_accepting() = 0;
  // A connection of the cap ended (its owner gave it back): accept again if we had stopped. Idempotent.
  virtual void connection_ended() = 0;
  virtual const Address& address() const = 0;  // with the real port
};
}  // namespace heddle
