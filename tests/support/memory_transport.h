// A pair of Transports in memory on one Loop: what one writes the other reads. Bytes leave in the TCP phase and arrive
// in the task phase, so the laws of Transport hold as they do for sockets. Scripts make it slow, split or cut it.
// Owned by the test like any transport; either end may die first (the other then sees the end of input).
#pragma once
#include <memory>
#include <utility>

#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
struct MemoryScript {
  size_t split = 0;         // at most this many bytes are delivered at once; 0: no limit
  Duration delay{};         // before each delivery
  size_t pipe = 64 * 1024;  // bytes the "network" takes before writes queue up at the sender
};

class MemoryTransport : public Transport {
 public:
  // As if the network broke: both ends close with kIo "connection reset by peer".
  virtual void cut() = 0;
  virtual ConnectionInfo& mutable_info() = 0;
};

using MemoryPair = std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>>;
MemoryPair make_memory_pair(Loop&, MemoryScript = {});
}  // namespace heddle
