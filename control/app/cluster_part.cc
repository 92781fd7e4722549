#include "control/app/cluster_part.h"

#include <cstdlib>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

// A status is read by whoever may read its object: of other namespaces it tells nothing.
StatusWriter::Programmed programmed_by(ApiServer& api) {
  auto known = std::make_shared<ResourceConditions>(api.conditions({}));
  return [known](const StoredResource& resource) -> std::optional<ObjectCondition> {
    known->use({AccessGrant{AccessRole::kViewer, false, {resource.key().ns}}});
    std::optional<JsonValue> one = known->programmed(resource, resource.meta().version);
    if (!one) return std::nullopt;
    auto text = [&one](std::string_view field) { return std::string(text_at(*one, {field})); };
    return ObjectCondition{text("type"), text("status"), text("reason"), text("message")};
  };
}
}  // namespace

ClusterPart::Reading::Reading(ClusterPart& of)
    : source({of.client_, of.parts_.store, of.parts_.loop, of.parts_.random, ClusterSettings{of.parts_.trust_domain},
              of.parts_.judge, [&of] { of.parts_.on_synced(); }, of.parts_.log}),
      writer({of.client_, source, of.parts_.store, of.parts_.loop,
              [&api = of.parts_.api] { return programmed_by(api); }, [] { return true; }, of.parts_.log}),
      metrics(of.parts_.metrics, source, writer, of.parts_.loop) {}

ClusterPart::Injecting::Injecting(ClusterPart& of)
    : namespaces(of.client_, of.parts_.random),
      webhook({*of.parts_.webhook_server, of.parts_.webhook, of.parts_.trust_domain, of.client_, of.parts_.random,
               of.parts_.metrics, [this](std::string_view name) { return namespaces.find(name); }, of.parts_.roots,
               of.parts_.log}) {}

ClusterPart::ClusterPart(Access, Parts parts, KubeConfig config)
    : parts_(std::move(parts)),
      client_(parts_.context, parts_.protocols, parts_.tcp, parts_.random, std::move(config)),
      reviewer_(client_, parts_.log),
      pods_(reviewer_, parts_.loop),
      roots_({client_, parts_.random, parts_.roots, parts_.log}) {
  if (parts_.webhook_server != nullptr) injecting_ = std::make_unique<Injecting>(*this);
}

void ClusterPart::read() {
  reading_ = std::make_unique<Reading>(*this);
  reading_->source.start();
}

void ClusterPart::on_roots_changed() {
  if (injecting_ != nullptr) injecting_->webhook.on_roots_changed();
}

std::string ClusterPart::remark() const {
  std::string waits = reading_ == nullptr ? "" : reading_->source.waits_for();
  return waits.empty() ? waits : str_cat("cluster: waits for ", waits);
}

Result<std::unique_ptr<ClusterPart>> ClusterPart::create(Parts parts) {
  HEDDLE_TRY(KubeConfig config, load_kube_config(parts.options.kube, environment));
  parts.store.close(
      make_error(Reason::kConflict,
                 "this mesh is what its Kubernetes cluster says: change the objects there (kubectl apply); "
                 "heddle plan and diff show what a change would do"));
  return std::make_unique<ClusterPart>(Access(), std::move(parts), std::move(config));
}
}  // namespace heddle
