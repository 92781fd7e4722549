#include "proxy/app/sources.h"

#include <algorithm>

#include "lib/base/random.h"
#include "lib/base/strings.h"
#include "proxy/identity/control_identity.h"
#include "proxy/identity/files_identity.h"
#include "proxy/identity/spire_identity.h"
#include "proxy/identity/trust_reader.h"
#include "proxy/watch/files_config.h"

namespace heddle {
namespace {
// Two sidecars that were given one name are two to the control plane.
std::string new_instance() {
  std::byte drawn[8];
  secure_random(drawn);
  return to_hex(drawn);
}
}  // namespace

void MainIdentity::follow(IdentitySource& source, Task on_changed) {
  subscription_ = source.identities().subscribe(
      loop_, [this, on_changed = std::move(on_changed)](std::shared_ptr<const TlsIdentity> identity) mutable {
        current_ = std::move(identity);
        if (current_ != nullptr) untrusted_.use(current_->bundle);
        on_changed();
      });
}

WatchTrustInUse trust_in_use(const TlsIdentity& identity) {
  const TrustDomain own = identity.svid->id.trust_domain();
  const DomainRoots* roots = identity.bundle->find(own);
  if (roots == nullptr) return {std::string(64, '0'), ""};
  return {roots->digest(), roots->pin_of_issuer(identity.svid->chain.back().get()).value_or(""),
          federated_digest(*identity.bundle, own)};
}

Result<std::shared_ptr<const TlsContext>> MainIdentity::client_context() {
  if (current_ == nullptr) return make_error(Reason::kUnavailable, "this sidecar has no identity yet");
  return current_->client;
}

IdentityFiles files_of(const Settings& settings) {
  const IdentitySettings& identity = settings.identity;
  return {identity.certificate, identity.key, identity.bundle, settings.federated};
}

Result<IdentityParts> make_identity(const SourceInputs& in) {
  const IdentitySettings& settings = in.settings.identity;
  IdentityParts parts;
  if (settings.source == IdentitySettings::Source::kFiles) {
    parts.source = std::make_unique<FilesIdentity>(in.context.loop, in.log.module("identity"), files_of(in.settings));
  }
  if (settings.source == IdentitySettings::Source::kControl) {
    parts.ca = std::make_unique<HttpCaClient>(in.context, in.protocols, in.connector,
                                              CaClientOptions{in.settings.control.addresses, *in.settings.control.id});
    ControlIdentityOptions options{*settings.id,
                                   {},
                                   settings.token_file,
                                   in.settings.control.bundle,
                                   settings.persist ? in.settings.state_dir : std::string(),
                                   settings.token_kind};
    parts.source = std::make_unique<ControlIdentity>(in.context.loop, in.random, in.log.module("identity"), *parts.ca,
                                                     std::move(options));
  }
  if (settings.source == IdentitySettings::Source::kSpire) {
    SpireIdentityOptions options{settings.workload_socket, {*in.settings.trust_domain, settings.id}};
    parts.source = std::make_unique<SpireIdentity>(SpireParts{in.context, in.protocols, in.connector, in.random},
                                                   in.log.module("identity"), std::move(options));
  }
  return parts;
}

Result<ResourceKey> service_key(std::string_view host, std::string_view ns) {
  auto parts = split(host, '.');
  bool qualified = parts.size() == 5 && parts[2] == "svc" && parts[3] == "cluster" && parts[4] == "local";
  bool short_form = parts.size() <= 2 || (parts.size() == 3 && parts[2] == "svc");
  if (!qualified && !short_form) return make_error(Reason::kServiceUnknown, std::string(host));
  return ResourceKey::make(Kind::kService, parts.size() > 1 ? parts[1] : ns, parts[0]);
}

std::vector<ResourceKey> services_of(const Settings& settings) {
  std::vector<ResourceKey> out;
  for (const ListenerSettings& listener : settings.listeners) {
    if (listener.service.empty()) continue;
    auto key = service_key(listener.service, settings.ns);
    if (key) out.push_back(*key);
  }
  return out;
}

// Connections to what is not held: only then is anybody asked by address.
bool intercepts_outbound(const Settings& settings) {
  return std::any_of(settings.listeners.begin(), settings.listeners.end(), [](const ListenerSettings& listener) {
    return listener.intercept && listener.direction == ListenerSettings::Direction::kOutbound;
  });
}

ConfigParts make_config(const SourceInputs& in, IdentitySource* identity) {
  const ConfigSettings& settings = in.settings.config;
  ConfigParts parts;
  if (settings.source == ConfigSettings::Source::kFiles) {
    parts.source = std::make_unique<FilesConfig>(in.context.loop, in.log.module("config"), settings.path);
  }
  if (settings.source != ConfigSettings::Source::kControl) return parts;
  WatchChannelOptions channel{in.settings.control.addresses, *in.settings.control.id};
  parts.channel = std::make_unique<HttpWatchChannel>(in.context, in.protocols, in.connector, identity->identities(),
                                                     std::move(channel));
  std::string file = in.settings.identity.persist ? in.settings.state_dir + "/snapshot.json" : std::string();
  parts.worker = std::make_unique<OffloadWatchWorker>(in.context.loop, std::move(file));
  WatchClientOptions options;
  options.node = in.settings.node;
  options.software = "heddle-proxy/" HEDDLE_VERSION;
  options.wants = services_of(in.settings);
  options.ack = AckWhen::kWorkersRun;
  options.instance = new_instance();
  options.asks_addresses = intercepts_outbound(in.settings);
  auto client = std::make_unique<WatchClient>(in.context.loop, in.random, in.log.module("watch"),
                                              WatchParts{*parts.channel, *parts.worker}, std::move(options));
  auto reader =
      std::make_unique<TrustReader>(in.context.loop, in.log.module("identity"), *in.settings.trust_domain, *identity);
  client->set_on_trust([reader = std::move(reader)](const WatchTrust& said) { reader->take(said); });
  parts.watch = client.get();
  parts.source = std::move(client);
  return parts;
}
}  // namespace heddle
