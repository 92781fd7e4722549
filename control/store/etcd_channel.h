// EtcdChannel: one member of the etcd cluster: its name looked up, TLS set up from the files as they are now, and the
// HTTP client to it. Control loop; must outlive its tokens.
#pragma once
#include "control/store/etcd_options.h"
#include "lib/event/name_lookup.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
class EtcdChannel {
 public:
  using Client = std::shared_ptr<HttpClient>;
  using OnReady = UniqueFunction<void(Result<Client>)>;
  EtcdChannel(const SessionContext&, Protocols&, Connector& below, NameLookup&, const EtcdOptions&, EtcdEndpoint);
  const EtcdEndpoint& endpoint() const noexcept { return endpoint_; }
  // nullptr: the name must be looked up first. Whoever calls through it holds it.
  const Client& client() const noexcept { return client_; }
  // Runs once, from the loop. Fails with kUpstreamConnectFailed, or kRateLimited while others look up names.
  [[nodiscard]] Pending resolve(OnReady);
  // After a failure: the name may have another address by now.
  void forget_address();

 private:
  void use(Address);
  Result<TlsSetup> tls_setup() const;
  SessionContext context_;
  Protocols& protocols_;
  Connector& below_;
  NameLookup& names_;
  const EtcdOptions& options_;
  EtcdEndpoint endpoint_;
  bool is_ip_ = false;
  TlsConnector tls_;
  Client client_;
};
}  // namespace heddle
