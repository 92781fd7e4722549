// Connected pairs of transports, one factory per implementation: what the transport and tunnel contracts run on. A new
// implementation is one more TransportPairFactory; factories that carry a transport (TLS) take one as their base.
#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
struct TransportPair {
  std::unique_ptr<Transport> a;  // the connecting side, where it matters
  std::unique_ptr<Transport> b;
};

enum class SocketBuffers : uint8_t { kDefault, kSmall };  // kSmall: a few KiB, so that writes block early

struct TransportPairFactory {
  std::string name;
  std::function<TransportPair(Loop&, SocketBuffers)> make;
  // close(kAbort) reaches the peer as an error; false: as the end of input (Unix sockets know no RST).
  bool abort_is_an_error = true;
};

inline void PrintTo(const TransportPairFactory& factory, std::ostream* out) { *out << factory.name; }

TransportPairFactory memory_pairs();
TransportPairFactory tcp_pairs();
TransportPairFactory unix_pairs();
// Mutual TLS over another pair; both sides show certificates of one test authority.
TransportPairFactory tls_pairs(TransportPairFactory base);
}  // namespace heddle
