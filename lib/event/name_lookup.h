// NameLookup: names to addresses by the system's resolver (getaddrinfo), on libuv's thread pool. For control traffic
// that seldom asks, as bundle endpoints: nothing is cached, order and life are the resolver's business. A lookup cannot
// be stopped: destroying the token guarantees silence, and the caller sets the deadline; while kMaxAtOnce of them have
// not ended, heard or unheard, further ones fail, so that a resolver that hangs does not hold all of the pool.
// Belongs to one loop.
#pragma once
#include <atomic>
#include <vector>

#include "lib/base/address.h"
#include "lib/event/offload.h"

namespace heddle {
class NameLookup {
 public:
  static constexpr size_t kMaxAtOnce = 2;
  static constexpr size_t kMaxAddresses = 8;  // the rest is not tried
  using OnFound = UniqueFunction<void(Result<std::vector<Address>>)>;
  explicit NameLookup(Loop& loop) : offload_(loop) {}
  // A further find() would fail now.
  bool is_full() const noexcept { return running_->load() >= kMaxAtOnce; }
  // IPv4 and IPv6, in the resolver's order, at least one; kUpstreamConnectFailed names the host and the cause.
  [[nodiscard]] Pending find(std::string host, uint16_t port, OnFound done);

 private:
  Offload offload_;
  std::shared_ptr<std::atomic<size_t>> running_ = std::make_shared<std::atomic<size_t>>(0);  // shared with the pool
};
}  // namespace heddle
