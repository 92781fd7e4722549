#include "lib/api/federated.h"

namespace heddle {
namespace {
constexpr std::string_view kField = "federated";
}  // namespace

void write_federated(JsonWriter& out, const FederatedTexts& bundles) {
  if (bundles.empty()) return;
  out.key(kField).begin_object();
  for (const auto& [name, bundle] : bundles) out.key(name).raw(bundle);
  out.end_object();
}

FederatedTexts read_federated(JsonObject& object) {
  FederatedTexts out;
  std::optional<JsonObject> member = object.optional_object(kField);
  if (!member) return out;
  if (member->value().size() > kMaxFederatedDomains) {
    object.problem(kField, "has more than 64 trust domains");
    return out;
  }
  for (std::string_view name : member->value().keys()) {
    out.emplace(name, member->value().find(name)->compact());
  }
  return out;
}
}  // namespace heddle
