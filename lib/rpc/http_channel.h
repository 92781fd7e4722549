// HttpChannel: the HTTP client to one server by name or address: the name looked up, TLS set up anew for each
// connection by what its owner says, and one HttpClient. For control traffic to servers outside the mesh. Belongs to
// one loop; must outlive its tokens.
#pragma once
#include "lib/event/name_lookup.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
struct HttpTarget {
  std::string host;  // a name, or an address without brackets
  uint16_t port = 0;
  bool is_tls = false;
  std::string authority() const;  // "host:port", for Host
};

class HttpChannel {
 public:
  using Client = std::shared_ptr<HttpClient>;
  using OnReady = UniqueFunction<void(Result<Client>)>;
  struct Around {
    SessionContext context;
    Protocols& protocols;
    Connector& below;
    NameLookup& names;
  };
  // `options`: scheme and authority are set here. `tls` is asked at each connect; may be empty without TLS.
  HttpChannel(const Around&, HttpTarget, HttpClientOptions options, TlsConnector::SetupSource tls);
  // nullptr: the name must be looked up first. Whoever calls through it holds it.
  const Client& client() const noexcept { return client_; }
  // Runs once, from the loop. Fails with kUpstreamConnectFailed, or kRateLimited while others look up names.
  [[nodiscard]] Pending resolve(OnReady);
  // After a failure: the name may have another address by now.
  void forget_address();

 private:
  void use(Address);
  SessionContext context_;
  Protocols& protocols_;
  NameLookup& names_;
  HttpTarget target_;
  HttpClientOptions options_;
  bool is_ip_ = false;
  TlsConnector tls_;
  Connector& connector_;  // tls_ or what is below
  Client client_;
};
}  // namespace heddle
