// Transport: a byte stream. Plain TCP, TLS over any transport, and memory (tests) are implementations; code above
// cannot tell except by asking info(). Owned by whoever reads from it (a session, a tunnel); belongs to one loop.
//
// Laws: calls down (write, finish, close, pause ...) never call up in the same stack; every upcall comes from the loop.
// on_closed is the last upcall ever, exactly once, unless the transport is destroyed first (then there is silence: the
// owner may destroy it any time outside its upcalls; inside an upcall the owner retires itself instead).
// Why: kNone when both sides finished and all is consumed, or close(kFlush) got everything out; kTimeout when it did
// not; kCancelled after close(kAbort); else kIo. A paused transport tells neither data nor the end, only on_closed.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/address.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/flags.h"
#include "lib/base/flow.h"
#include "lib/base/unique_fd.h"

namespace heddle {
class PeerCertificate;

enum class CloseMode : uint8_t {
  kFlush,  // after the queue has left and the peer ended too (what it sends is dropped), bounded by kFlushDeadline
  kAbort,  // at once; queued bytes are dropped; TCP sends RST
};
// Who holds the reading side. Bits: pausing twice is pausing once, and releasing one does not release the others.
enum class PauseReason : uint8_t { kFlow, kHandshake, kCodec, kAdmission, kDrain, kTunnel, kUnconsumed };

struct ConnectionInfo {
  Address local;
  Address peer;
  std::optional<Address> original_dst;  // where an intercepted connection wanted to go
  std::string sni;                      // lower case; empty without TLS or without the extension; of an opaque
                                        // connection, where it was looked at, that of the ClientHello in it
  std::string alpn;                     // negotiated; empty without
  bool is_tls = false;
  std::shared_ptr<const PeerCertificate> peer_certificate;  // verified; null without mutual TLS
  bool is_proxied = false;  // local and peer are those of a PROXY header, not the socket's
  bool is_foreign = false;  // the peer's trust domain is not that of our certificate (SPIFFE Federation)
};

inline void set_proxied_ends(ConnectionInfo& info, const Address& peer, const Address& local) {
  info.peer = peer;
  info.local = local;
  info.is_proxied = true;
}

class Transport {
 public:
  class Observer {
   public:
    virtual void on_connected() {}  // once, when info() is final: after TLS if there is TLS
    // Consume what you can; what you leave is offered again after new bytes, resume(), observe() or reoffer(), always
    // from the loop. More than kUnconsumedMark left stops reading.
    virtual void on_data(Buffer& in) = 0;
    virtual void on_end() = 0;      // the peer finished writing; at most once; unconsumed bytes may remain
    virtual void on_drained() = 0;  // the write queue fell below the low mark after kFull
    virtual void on_closed(const Error& why) = 0;  // exactly once, the last call ever

   protected:
    ~Observer() = default;
  };

  static constexpr size_t kUnconsumedMark = 64 * 1024;
  static constexpr size_t kWriteHighMark = 128 * 1024;  // low mark: half
  static constexpr Duration kFlushDeadline = 1s;

  virtual ~Transport() = default;
  // May be changed at any time: detection -> session -> tunnel. Bytes not consumed are offered to the new observer.
  // nullptr: nobody listens, reading stops.
  virtual void observe(Observer*) = 0;
  [[nodiscard]] virtual Flow write(Buffer&&) = 0;  // takes everything, never fails, never calls up
  virtual void finish() = 0;                       // half close after the queue
  virtual void close(CloseMode) = 0;
  virtual void pause(PauseReason) = 0;
  virtual void resume(PauseReason) = 0;
  // The peer waits for an ACK and no answer will carry it soon: the kernel must not delay it (TCP_QUICKACK). A hint.
  virtual void acknowledge() {}
  virtual void reoffer() = 0;         // offer unconsumed bytes again at the end of the turn
  virtual size_t queued() const = 0;  // bytes accepted and not yet given to the kernel
  virtual const ConnectionInfo& info() const = 0;
  // What a PROXY header in front of everything else said: IP addresses, from now on in info(). Before TLS begins.
  virtual void set_ends(const Address& peer, const Address& local) = 0;
  // For splice(2): gives up the descriptor if nothing is queued and no bytes are left over. Plain TCP only. The
  // transport is silent and dead after it.
  virtual std::optional<UniqueFd> detach() { return std::nullopt; }
};
}  // namespace heddle
