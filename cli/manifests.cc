#include "cli/manifests.h"

#include <algorithm>

#include "cli/manifest_files.h"
#include "lib/base/strings.h"
#include "lib/config/crd.h"
#include "lib/config/yaml.h"

namespace heddle {
namespace {
constexpr std::string_view kNamespace = "heddle-system";
constexpr std::string_view kTrustDomain = "HEDDLE_CONTROL_TRUST_DOMAIN, value: cluster.local}";
constexpr std::string_view kControlImage = "heddle-control:0.1.0";
constexpr std::string_view kProxyImage = kDefaultProxyImage;
// What is made after what it needs.
constexpr std::string_view kOrder[] = {
    "Namespace",     "CustomResourceDefinition",    "ServiceAccount", "Role",        "ClusterRole",
    "RoleBinding",   "ClusterRoleBinding",          "Service",        "StatefulSet", "PodDisruptionBudget",
    "NetworkPolicy", "MutatingWebhookConfiguration"};

std::string text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return std::string(found ? found->as_string().value_or("") : "");
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string chosen(std::string_view file, const InstallChoice& choice) {
  std::string text(file);
  replace_all(text, kNamespace, choice.ns);
  replace_all(text, kTrustDomain, str_cat("HEDDLE_CONTROL_TRUST_DOMAIN, value: ", choice.trust_domain, "}"));
  if (!choice.control_image.empty()) replace_all(text, kControlImage, choice.control_image);
  if (!choice.proxy_image.empty()) replace_all(text, kProxyImage, choice.proxy_image);
  return text;
}

bool is_same_object(const JsonValue& a, const JsonValue& b) {
  return text_of(a, {"kind"}) == text_of(b, {"kind"}) &&
         text_of(a, {"metadata", "name"}) == text_of(b, {"metadata", "name"});
}

size_t place_of(const JsonValue& object) {
  return static_cast<size_t>(std::find(std::begin(kOrder), std::end(kOrder), text_of(object, {"kind"})) -
                             std::begin(kOrder));
}

void take_file(const ManifestFile& file, const InstallChoice& choice, std::vector<JsonValue>& into) {
  Result<std::vector<Document>> read = parse_documents(chosen(file.text, choice), file.path);
  if (!read) return;  // a test reads each of them
  for (const Document& one : *read) {
    auto same = std::find_if(into.begin(), into.end(),
                             [&one](const JsonValue& other) { return is_same_object(other, one.value); });
    if (same == into.end()) {
      into.push_back(one.value);
    } else {
      *same = merge_manifest(*same, one.value);
    }
  }
}

bool has_names(const JsonValue& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (text_of(list.at(i), {"name"}).empty()) return false;
  }
  return list.size() > 0;
}

const JsonValue* named(const std::vector<JsonValue>& list, const std::string& name) {
  auto found =
      std::find_if(list.begin(), list.end(), [&name](const JsonValue& one) { return text_of(one, {"name"}) == name; });
  return found == list.end() ? nullptr : &*found;
}

std::vector<JsonValue> elements(const JsonValue& list) {
  std::vector<JsonValue> out;
  for (size_t i = 0; i < list.size(); ++i) out.push_back(list.at(i));
  return out;
}

JsonValue merge_lists(const JsonValue& base, const JsonValue& patch) {
  if (!has_names(base) || !has_names(patch)) return patch;
  std::vector<JsonValue> olds = elements(base);
  std::vector<JsonValue> out;
  for (const JsonValue& one : elements(patch)) {
    const JsonValue* old = named(olds, text_of(one, {"name"}));
    out.push_back(old == nullptr ? one : merge_manifest(*old, one));
  }
  for (const JsonValue& old : olds) {
    if (named(out, text_of(old, {"name"})) == nullptr) out.push_back(old);
  }
  return JsonValue::array(out);
}

JsonValue name_of(const JsonValue& object) {
  JsonValue out = JsonValue::object();
  for (JsonValue::Path path : {JsonValue::Path{"apiVersion"}, JsonValue::Path{"kind"},
                               JsonValue::Path{"metadata", "name"}, JsonValue::Path{"metadata", "namespace"}}) {
    if (std::optional<JsonValue> found = object.find(path)) out = out.with(path, *found);
  }
  return out;
}
}  // namespace

JsonValue merge_manifest(const JsonValue& base, const JsonValue& patch) {
  if (base.is_array() && patch.is_array()) return merge_lists(base, patch);
  if (!base.is_object() || !patch.is_object()) return patch;
  JsonValue out = base;
  for (std::string_view key : patch.keys()) {
    JsonValue wanted = *patch.find(key);
    std::optional<JsonValue> old = base.find(key);
    out = wanted.is_null() ? out.without({key}) : out.with({key}, old ? merge_manifest(*old, wanted) : wanted);
  }
  return out;
}

std::vector<JsonValue> install_objects(const InstallChoice& choice) {
  std::vector<JsonValue> out;
  for (std::string_view folder : {std::string("base/"), str_cat("overlays/", choice.overlay, "/")}) {
    for (const ManifestFile& file : manifest_files()) {
      if (file.path.starts_with(folder)) take_file(file, choice, out);
    }
  }
  for (Kind kind : crd_kinds()) out.push_back(crd(kind));
  std::stable_sort(out.begin(), out.end(),
                   [](const JsonValue& a, const JsonValue& b) { return place_of(a) < place_of(b); });
  return out;
}

std::vector<JsonValue> uninstall_objects(const InstallChoice& choice, CrdsToo crds) {
  std::vector<JsonValue> out;
  for (const JsonValue& one : install_objects(choice)) {
    if (crds == CrdsToo::kYes || text_of(one, {"kind"}) != "CustomResourceDefinition") out.push_back(name_of(one));
  }
  std::reverse(out.begin(), out.end());
  return out;
}
}  // namespace heddle
