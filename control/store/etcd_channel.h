// EtcdChannel: one member of the etcd cluster: an HttpChannel whose TLS comes from the files as they are now. Control
// loop; must outlive its tokens.
#pragma once
#include "control/store/etcd_options.h"
#include "lib/rpc/http_channel.h"

namespace heddle {
class EtcdChannel {
 public:
  using Client = HttpChannel::Client;
  using OnReady = HttpChannel::OnReady;
  EtcdChannel(const SessionContext&, Protocols&, Connector& below, NameLookup&, const EtcdOptions&, EtcdEndpoint);
  const EtcdEndpoint& endpoint() const noexcept { return endpoint_; }
  // As HttpChannel's.
  const Client& client() const noexcept { return channel_.client(); }
  [[nodiscard]] Pending resolve(OnReady done) { return channel_.resolve(std::move(done)); }
  void forget_address() { channel_.forget_address(); }

 private:
  Result<TlsSetup> tls_setup() const;
  const EtcdOptions& options_;
  EtcdEndpoint endpoint_;
  HttpChannel channel_;
};
}  // namespace heddle
