// Tunnel: two connections joined byte by byte, in both directions, until both have ended. TcpTunnel joins any two
// Transports; SpliceTunnel two bare descriptors without copying. The rule of both: a byte is read from one side only
// while the other side takes bytes. The end of one direction is passed on and the other goes on; an error of one side
// aborts the other. Belongs to one loop; its owner retires it (not before, and at the latest when, on_done came).
#pragma once

#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
struct TunnelBytes {
  uint64_t up = 0;    // downstream to upstream, given to the upstream side
  uint64_t down = 0;  // upstream to downstream
};

class Tunnel : public Retirable {
 public:
  static constexpr std::chrono::seconds kIdleTimeout{3600};
  // Exactly once, from the loop, as the last call: kNone when both directions ended, kConnectionIdleTimeout,
  // kCancelled after abort(), else the error of the side that failed (`origin` says which).
  using OnDone = UniqueFunction<void(const Error&)>;
  // Both connections are reset; on_done follows at the end of the turn.
  virtual void abort() = 0;
  virtual TunnelBytes bytes() const = 0;
};
}  // namespace heddle
