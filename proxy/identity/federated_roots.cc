#include "proxy/identity/federated_roots.h"

#include "certs/federated_bundle.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kShownName = 255;  // of a name that is none

// `room`: bytes that may still be kept.
Result<DomainRoots::Ptr> parse_one(std::string_view name, std::string_view json, const TrustDomain& own, size_t& room) {
  HEDDLE_TRY(TrustDomain domain, TrustDomain::parse(name));
  if (domain == own) return make_error(Reason::kConfigInvalid, str_cat(name, " is our own trust domain"));
  HEDDLE_TRY(FederatedBundle bundle, parse_federated_bundle(domain, json));
  if (bundle.text.size() > room) return make_error(Reason::kTooLarge, "the federated bundles exceed 768 KiB in all");
  room -= bundle.text.size();
  return std::move(bundle.roots);
}
}  // namespace

FederatedRoots parse_federated(const FederatedTexts& texts, const TrustDomain& own) {
  FederatedRoots out;
  size_t room = kMaxFederatedBytes;
  for (const auto& [name, json] : texts) {
    auto roots = parse_one(name, json, own, room);
    if (roots) {
      out.roots.push_back(*std::move(roots));
    } else {
      std::string_view shown = std::string_view(name).substr(0, kShownName);
      out.refused.push_back(str_cat("federated ", in_quotes(shown), ": ", roots.error().detail));
    }
  }
  return out;
}

std::shared_ptr<const TrustBundle> bundle_with(DomainRoots::Ptr own, const std::vector<DomainRoots::Ptr>& others) {
  auto bundle = std::make_shared<TrustBundle>();
  for (const DomainRoots::Ptr& roots : others) bundle->replace(roots);
  bundle->replace(std::move(own));
  return bundle;
}

std::vector<DomainRoots::Ptr> federated_in(const std::shared_ptr<const TrustBundle>& bundle, const TrustDomain& own) {
  std::vector<DomainRoots::Ptr> out;
  for (const TrustDomain& domain : bundle->domains()) {
    if (domain != own) out.emplace_back(bundle, bundle->find(domain));
  }
  return out;
}

void tell_refused(const Logger& log, const std::vector<std::string>& refused) {
  for (const std::string& why : refused)
    log.error("the bundle of a federated trust domain is refused", {{"error", why}});
}
}  // namespace heddle
