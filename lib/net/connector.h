// Connector: opens connections. An interface, so that pools and probes are tested without a network and TLS is a
// decorator of it (lib/tls/tls_connector.h). Belongs to one loop.
// Dials one address as given: it resolves no names and tries nothing twice.
#pragma once
#include <memory>

#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
class Connector {
 public:
  using OnConnect = UniqueFunction<void(Result<std::unique_ptr<Transport>>)>;
  virtual ~Connector() = default;
  // OnConnect runs once, from the loop, with a transport whose on_connected() has already happened (info() is final),
  // or with one of kUpstreamConnectRefused, kUpstreamConnectTimeout, kUpstreamConnectFailed, kUpstreamTlsFailed,
  // kUpstreamIdentityUnexpected. Destroying the token cancels.
  [[nodiscard]] virtual Pending connect(const Address&, Duration deadline, OnConnect) = 0;
};

class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(Loop& loop) : loop_(loop) {}
  [[nodiscard]] Pending connect(const Address&, Duration deadline, OnConnect) override;

 private:
  Loop& loop_;
};
}  // namespace heddle
