// What an endpoint's key means for health and TLS, in one place: the health it shares with all who speak to it, and the
// connector that accepts only the identity it must prove. Used by workers (EndpointRuntime) and by health probes.
// Functions; the connector belongs to the loop it is made for.
#pragma once
#include <memory>

#include "lib/config/model.h"
#include "lib/tls/tls_connector.h"
#include "proxy/resilience/health_table.h"

namespace heddle {
// The TLS context to dial with now; an error when this sidecar has no identity yet.
class ClientTlsSource {
 public:
  virtual Result<std::shared_ptr<const TlsContext>> client_context() = 0;
  virtual HandshakeWatcher* handshake_watcher() { return nullptr; }  // must outlive the connections

 protected:
  ~ClientTlsSource() = default;
};

HealthKey health_key(const EndpointKey&);

struct EndpointTls {
  Loop& loop;
  Connector& below;  // plain TCP
  ClientTlsSource& tls;
};
// Opens mutual TLS to the endpoint with this ALPN alone; a peer that proves another identity is refused, and so is an
// endpoint whose configuration names none. What `EndpointTls` refers to must outlive the connector, as must the text of
// `only_alpn` (lib/tls/tls_context.h has the constants).
std::unique_ptr<TlsConnector> make_endpoint_connector(const EndpointTls&, const EndpointKey&,
                                                      std::string_view only_alpn);
}  // namespace heddle
