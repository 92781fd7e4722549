#include "control/kube/kube_resource.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_unreserved(char c) {
  bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string metadata(const JsonValue& object, std::string_view field) {
  std::optional<JsonValue> found = object.find({"metadata", field});
  return found ? std::string(found->as_string().value_or("")) : "";
}
}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::string KubeResource::group_version() const { return group.empty() ? version : str_cat(group, "/", version); }

std::string KubeResource::path(std::string_view in_namespace, std::string_view name, std::string_view sub) const {
  std::string out = str_cat(group.empty() ? "/api/" : "/apis/", group_version());
  if (!in_namespace.empty()) out += str_cat("/namespaces/", percent_encode(in_namespace));
  out += str_cat("/", plural);
  if (!name.empty()) out += str_cat("/", percent_encode(name));
  if (!sub.empty()) out += str_cat("/", sub);
  return out;
}

Result<KubeKey> KubeKey::of(const JsonValue& object) {
  KubeKey key{metadata(object, "namespace"), metadata(object, "name")};
  if (key.name.empty()) return make_error(Reason::kUpstreamProtocolError, "an object without metadata.name");
  return key;
}

std::string KubeKey::text() const { return namespace_name.empty() ? name : str_cat(namespace_name, "/", name); }

std::string resource_version(const JsonValue& object) { return metadata(object, "resourceVersion"); }
}  // namespace heddle
