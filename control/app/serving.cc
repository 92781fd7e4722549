#include "control/app/serving.h"

#include <algorithm>

#include "control/api/api_server.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kIdentityBody = 64 * 1024;  // a token and a CSR
constexpr size_t kHealthConnections = 64;
constexpr size_t kWebhookConnections = 64;  // of API servers, each with few
constexpr size_t kOfSource = 16;            // of either, for one address: both listen where pods can reach them
constexpr size_t kWebhookBodies = 32 << 20;
}  // namespace

Result<std::unique_ptr<Serving>> Serving::create(const Parts& parts) {
  auto out = std::make_unique<Serving>(Access(), parts);
  HEDDLE_CHECK_OK(out->open_bundle());
  return out;
}

// Of the 0.9 of our descriptors that connections may have, most are for sidecars: as many as there are.
Serving::Serving(Access, const Parts& parts) : parts_(parts) {
  const ControlOptions& options = parts_.options;
  auto contexts = [this] { return parts_.identity.context(); };
  watch_ = make(options.watch, contexts, ConnectionCap::resource_limit(0.8), kIdentityBody);
  api_ = make(options.api, contexts, ConnectionCap::default_limit(0.1, 1), ApiServer::kMaxBody);
  health_ = make(options.health, nullptr, kHealthConnections, kIdentityBody, kOfSource);
  if (!options.webhook.listen) return;
  auto own = [this] { return parts_.identity.public_context(); };
  webhook_ = make(*options.webhook.listen, own, kWebhookConnections, kIdentityBody, kOfSource);
}

std::unique_ptr<ControlEndpoint> Serving::make(const Address& address, ControlEndpoint::Contexts contexts,
                                               size_t connections, size_t body, size_t of_source) {
  ControlEndpoint::Options options;
  options.address = address;
  options.max_connections = connections;
  options.max_of_source = of_source;
  if (of_source != SIZE_MAX) options.limits.bodies = kWebhookBodies;
  options.limits.body = body;
  options.limits.line = kMaxSidecarLine;
  options.limits.session.drain = parts_.drain;
  options.handshakes = ControlEndpoint::kHandshakes;
  auto endpoint =
      std::make_unique<ControlEndpoint>(parts_.loop, parts_.protocols, std::move(contexts), std::move(options));
  endpoint->set_on_ended([this] {
    if (on_ended_) on_ended_();
  });
  return endpoint;
}

// Its connections are of the tenth of the descriptors that no endpoint has.
Result<void> Serving::open_bundle() {
  const ControlOptions& options = parts_.options;
  if (!options.bundle_listen) return {};
  HEDDLE_TRY(bundle_, OwnBundleEndpoint::create({parts_.loop, parts_.identity, *options.bundle_listen,
                                                 options.bundle_files, parts_.bundle_log}));
  bundle_->endpoint().set_on_ended([this] {
    if (on_ended_) on_ended_();
  });
  return {};
}

void Serving::use(const DomainRoots::Ptr& roots) {
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(roots);
  for (ControlEndpoint* endpoint : {watch_.get(), api_.get()}) endpoint->use(bundle);
  if (bundle_ != nullptr) bundle_->use(*roots);
}

Result<void> Serving::listen_on(std::string_view name, ControlEndpoint& endpoint) {
  Result<void> listening = endpoint.listen();
  if (!listening) return std::move(listening).error().within(str_cat("--", name));
  parts_.log.info("listening", {{"endpoint", name}, {"address", endpoint.address()}});
  return {};
}

Result<void> Serving::listen() {
  HEDDLE_CHECK_OK(listen_on("watch", *watch_));
  HEDDLE_CHECK_OK(listen_on("api", *api_));
  HEDDLE_CHECK_OK(listen_on("health", *health_));
  if (webhook_ != nullptr) HEDDLE_CHECK_OK(listen_on("webhook", *webhook_));
  if (bundle_ == nullptr) return {};
  Result<void> listening = bundle_->listen();
  if (!listening) return std::move(listening).error().within("--bundle-listen");
  parts_.log.info(
      "listening",
      {{"endpoint", "bundle"}, {"address", bundle_->address()}, {"profile", bundle_->certificate().profile()}});
  return {};
}

std::vector<ControlEndpoint*> Serving::serving() const {
  std::vector<ControlEndpoint*> out{watch_.get(), api_.get()};
  if (webhook_ != nullptr) out.push_back(webhook_.get());
  if (bundle_ != nullptr) out.push_back(&bundle_->endpoint());
  return out;
}

void Serving::drain() {
  for (ControlEndpoint* endpoint : serving()) endpoint->drain();
}

void Serving::abort() {
  for (ControlEndpoint* endpoint : serving()) endpoint->abort();
  health_->abort();
}

bool Serving::is_idle(Which which) const {
  std::vector<ControlEndpoint*> all = serving();
  bool is_quiet = std::ranges::all_of(all, [](const ControlEndpoint* endpoint) { return endpoint->is_idle(); });
  return is_quiet && (which == Which::kServing || health_->is_idle());
}
}  // namespace heddle
