#include "control/source/ca_bundle.h"

#include "lib/base/bytes.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
const KubeResource kConfigurations{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"};

std::string_view text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? found->as_string().value_or("") : "";
}

void write_operation(JsonWriter& out, std::string_view operation, const std::string& path, std::string_view value) {
  out.begin_object().field("op", operation).field("path", path).field("value", value).end_object();
}
}  // namespace

std::string ca_bundle_patch(const JsonValue& configuration, std::string_view roots_pem) {
  std::string wanted = to_base64(as_bytes(roots_pem));
  std::string text;
  JsonWriter out(text);
  out.begin_array();
  std::optional<JsonValue> webhooks = configuration.find("webhooks");
  bool differs = false;
  for (size_t i = 0; webhooks && i < webhooks->size(); ++i) {
    JsonValue one = webhooks->at(i);
    if (text_of(one, {"clientConfig", "caBundle"}) == wanted) continue;
    std::string place = str_cat("/webhooks/", std::to_string(i));
    write_operation(out, "test", str_cat(place, "/name"), text_of(one, {"name"}));
    write_operation(out, "add", str_cat(place, "/clientConfig/caBundle"), wanted);
    differs = true;
  }
  out.end_array();
  return differs ? text : "";
}

CaBundleKeeper::CaBundleKeeper(Parts parts)
    : parts_(std::move(parts)),
      again_(parts_.client.loop().timer([this] { look(); })),
      watch_(parts_.client, parts_.random, {kConfigurations, {}, {}, str_cat("metadata.name=", parts_.name)}, *this) {}

void CaBundleKeeper::on_synced(const std::vector<JsonValue>& objects) {
  if (objects.empty()) {
    parts_.log.warn("there is no MutatingWebhookConfiguration of this name: pods get no sidecar until it is applied",
                    {{"name", parts_.name}});
  }
  for (const JsonValue& object : objects) seen_ = object;
  look();
}

void CaBundleKeeper::on_put(const KubeKey&, const JsonValue& object) {
  seen_ = object;
  look();
}

void CaBundleKeeper::on_delete(const KubeKey&) {
  seen_.reset();
  parts_.log.warn("the MutatingWebhookConfiguration is gone: pods get no sidecar", {{"name", parts_.name}});
}

void CaBundleKeeper::look() {
  if (!seen_ || is_patching_) return;
  std::string patch = ca_bundle_patch(*seen_, parts_.roots());
  if (patch.empty()) return;
  KubeRequest request{"PATCH", kConfigurations.path({}, parts_.name)};
  request.body = std::move(patch);
  request.content_type = kube_patch::kJson;
  is_patching_ = true;
  patching_ = parts_.client.call(std::move(request), [this](KubeAnswer answer) { on_patched(answer); });
}

// What the watch tells comes by itself; what was refused is tried again, since the object may be another by then.
void CaBundleKeeper::on_patched(const KubeAnswer& answer) {
  is_patching_ = false;
  if (answer.is_ok()) {
    seen_ = answer.object;
    parts_.log.info("the API server knows whom the webhook's certificate is of", {{"name", parts_.name}});
    return look();
  }
  parts_.log.error("the webhook's caBundle could not be written; until then no pod that asks for a sidecar starts",
                   {{"name", parts_.name}, {"error", answer.failure->to_error()}});
  again_->arm(kAgain);
}
}  // namespace heddle
