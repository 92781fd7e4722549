// TlsConnector: opens TLS connections on top of another Connector. The setup (current certificate generation, whom to
// expect) is asked for at every connect, so rotation needs no new connector. Belongs to one loop; must outlive its
// tokens, as must the connector below.
#pragma once
#include "lib/net/connector.h"
#include "lib/tls/tls_transport.h"

namespace heddle {
class TlsConnector final : public Connector {
 public:
  using SetupSource = UniqueFunction<Result<TlsSetup>()>;
  TlsConnector(Loop& loop, Connector& below, SetupSource setup)
      : loop_(loop), below_(below), setup_(std::move(setup)) {}
  // `deadline` is for the connection below; the handshake has its own (TlsSetup::handshake). Fails with
  // kUpstreamTlsFailed or kUpstreamIdentityUnexpected where TLS is to blame.
  [[nodiscard]] Pending connect(const Address&, Duration deadline, OnConnect) override;

 private:
  class Attempt;
  Loop& loop_;
  Connector& below_;
  SetupSource setup_;
};
}  // namespace heddle
