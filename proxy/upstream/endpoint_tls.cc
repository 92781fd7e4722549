#include "proxy/upstream/endpoint_tls.h"

#include "certs/authorizer.h"

namespace heddle {
HealthKey health_key(const EndpointKey& key) {
  return {key.address, key.identity ? key.identity->text() : std::string()};
}

std::unique_ptr<TlsConnector> make_endpoint_connector(const EndpointTls& with, const EndpointKey& key,
                                                      std::string_view only_alpn) {
  auto setup = [&tls = with.tls, identity = key.identity, only_alpn]() -> Result<TlsSetup> {
    HEDDLE_TRY(auto context, tls.client_context());
    if (!identity) return make_error(Reason::kConfigInvalid, "the endpoint names no identity");
    TlsSetup made;
    made.context = std::move(context);
    made.check = Authorizer::exact(*identity);
    made.only_alpn = only_alpn;
    made.watcher = tls.handshake_watcher();
    return made;
  };
  return std::make_unique<TlsConnector>(with.loop, with.below, std::move(setup));
}
}  // namespace heddle
