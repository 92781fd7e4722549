#include "proxy/app/bootstrap_trust.h"

#include <algorithm>

#include "lib/api/federated.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::optional<FederatedFile> read_federated_file(const JsonReader& item) {
  JsonObject at = item.object();
  std::string name = at.string("trustDomain", {1});
  std::string bundle = at.string("bundleFile", {1});
  at.finish();
  if (name.empty()) return std::nullopt;
  auto domain = TrustDomain::parse(name);
  if (domain) return FederatedFile{*std::move(domain), std::move(bundle)};
  at.problem("trustDomain", domain.error().detail);
  return std::nullopt;
}
}  // namespace

void read_trust(JsonObject& root, Settings& out) {
  auto at = root.optional_object("trust");
  if (!at) return;
  for (const JsonReader& item : at->optional_array("federated", {0, kMaxFederatedDomains})) {
    auto file = read_federated_file(item);
    if (!file) continue;
    auto is_same = [&](const FederatedFile& other) { return other.domain == file->domain; };
    if (std::any_of(out.federated.begin(), out.federated.end(), is_same)) {
      item.problem(str_cat("the trust domain ", file->domain.name(), " stands twice"));
    }
    out.federated.push_back(*std::move(file));
  }
  at->finish();
}

void check_trust(const JsonObject& root, const Settings& settings) {
  if (!settings.federated.empty() && settings.identity.source != IdentitySettings::Source::kFiles) {
    root.problem("trust.federated",
                 "is for identity.source: files; control plane and agent say themselves whom to trust");
  }
  for (size_t i = 0; i < settings.federated.size(); ++i) {
    if (settings.federated[i].domain != settings.trust_domain) continue;
    root.problem(str_cat("trust.federated[", std::to_string(i), "].trustDomain"),
                 "is our own trust domain: its roots are identity.bundle");
  }
}
}  // namespace heddle
