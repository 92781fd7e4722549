// Makes the identity source and the config source that the settings name. Both live on the main loop.
#pragma once
#include <memory>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/session/protocols.h"
#include "lib/session/untrusted_peers.h"
#include "proxy/app/settings.h"
#include "proxy/identity/ca_client.h"
#include "proxy/identity/identity_files.h"
#include "proxy/identity/svid_source.h"
#include "proxy/upstream/endpoint_runtime.h"
#include "proxy/watch/watch_client.h"

namespace heddle {

struct SourceInputs {
  const Settings& settings;
  SessionContext context;
  Protocols& protocols;
  Connector& connector;
  Random& random;
  Log& log;
};

// The identity as the main loop uses it: for the watch stream and for probes. Connections of that loop whose peers its
// bundle does not vouch for any more end, as those of workers do: the control plane is nobody special.
class MainIdentity final : public ClientTlsSource {
 public:
  MainIdentity(Loop& loop, ConnectionRegistry& connections) : loop_(loop), untrusted_(loop, {&connections}) {}
  void follow(IdentitySource&, Task on_changed);
  const std::shared_ptr<const TlsIdentity>& current() const noexcept { return current_; }
  Result<std::shared_ptr<const TlsContext>> client_context() override;

 private:
  Loop& loop_;
  UntrustedPeers untrusted_;
  std::shared_ptr<const TlsIdentity> current_;
  Subscription subscription_;
};

// What the sources need and the server keeps: declared before them.
struct IdentityParts {
  std::unique_ptr<CaClient> ca;
  std::unique_ptr<IdentitySource> source;  // null for identity.source: none
};
Result<IdentityParts> make_identity(const SourceInputs&);

struct ConfigParts {
  std::unique_ptr<WatchChannel> channel;
  std::unique_ptr<WatchWorker> worker;
  std::unique_ptr<ConfigSource> source;  // null without a config source
  WatchClient* watch = nullptr;          // `source`, when it is the control plane
};
ConfigParts make_config(const SourceInputs&, IdentitySource*);

// Of identity.source: files.
IdentityFiles files_of(const Settings&);

// What is reported of it.
WatchTrustInUse trust_in_use(const TlsIdentity&);

// The Service a client in `ns` means by "hello", "hello.shop" or "hello.shop.svc.cluster.local"; an error for any other
// host: only the control plane knows extra hosts.
Result<ResourceKey> service_key(std::string_view host, std::string_view ns);
// What the listeners name is wanted from the start.
std::vector<ResourceKey> services_of(const Settings&);
}  // namespace heddle
