#include "certs/trust_bundle.h"

#include "certs/digest.h"
#include "lib/base/strings.h"

namespace heddle {
Result<TrustBundle> TrustBundle::parse_pem(const TrustDomain& domain, std::string_view pem) {
  HEDDLE_TRY(auto roots, DomainRoots::parse_pem(domain, pem));
  TrustBundle bundle;
  bundle.replace(std::move(roots));
  return bundle;
}

void TrustBundle::replace(DomainRoots::Ptr roots) {
  std::string name = roots->trust_domain().name();
  roots_.insert_or_assign(std::move(name), std::move(roots));
  ++generation_;
}

Result<void> TrustBundle::update(DomainRoots::Ptr roots) {
  const DomainRoots* held = find(roots->trust_domain());
  auto is = roots->notes().sequence;
  auto was = held == nullptr ? std::nullopt : held->notes().sequence;
  if (is && was && *is < *was) {
    return make_error(Reason::kConflict, str_cat("bundle of ", roots->trust_domain().name(), " has sequence ",
                                                 std::to_string(*is), ", ours is ", std::to_string(*was)));
  }
  replace(std::move(roots));
  return {};
}

Result<void> TrustBundle::merge(const DomainRoots::Ptr& added) {
  const DomainRoots* base = find(added->trust_domain());
  if (base == nullptr) {
    replace(added);
    return {};
  }
  HEDDLE_TRY(auto both, DomainRoots::merged(*base, *added));
  replace(std::move(both));
  return {};
}

void TrustBundle::remove(const TrustDomain& domain) {
  if (roots_.erase(domain.name()) > 0) ++generation_;
}

const DomainRoots* TrustBundle::find(std::string_view trust_domain_name) const noexcept {
  auto found = roots_.find(trust_domain_name);
  return found == roots_.end() ? nullptr : found->second.get();
}

std::vector<TrustDomain> TrustBundle::domains() const {
  std::vector<TrustDomain> out;
  for (const auto& [name, roots] : roots_) out.push_back(roots->trust_domain());
  return out;
}

std::string federated_digest(const TrustBundle& bundle, const TrustDomain& own) {
  std::string lines;
  for (const TrustDomain& domain : bundle.domains()) {
    if (domain == own) continue;
    lines.append(domain.name()).append(" ").append(bundle.find(domain)->digest()).append("\n");
  }
  return lines.empty() ? std::string() : to_hex(sha256(as_bytes(lines)));
}
}  // namespace heddle
