#include "certs/authorizer.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kShown = 4;  // of a long list, in messages

Error unexpected(std::string_view expected, const PeerCertificate& peer) {
  std::string_view is = peer.spiffe_id() ? std::string_view(peer.spiffe_id()->text()) : "without a SPIFFE id";
  return make_error(Reason::kPeerIdentityUnexpected, str_cat("expected ", expected, ", peer is ", is));
}

// "one of a, b, c, d and 7 more"; texts are ids or names.
template <class T, class Text>
std::string one_of_text(const std::vector<T>& all, Text text) {
  if (all.empty()) return "nobody";
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(all.size(), kShown); ++i) shown.push_back(text(all[i]));
  std::string out = str_cat(all.size() == 1 ? "" : "one of ", join(shown, ", "));
  if (all.size() > kShown) out += str_cat(" and ", std::to_string(all.size() - kShown), " more");
  return out;
}
}  // namespace

PeerCheck Authorizer::exact(SpiffeId id) { return one_of({std::move(id)}); }

PeerCheck Authorizer::one_of(std::vector<SpiffeId> ids) {
  return [ids = std::move(ids)](const PeerCertificate& peer) -> Result<void> {
    if (peer.spiffe_id() && std::find(ids.begin(), ids.end(), *peer.spiffe_id()) != ids.end()) return {};
    return unexpected(one_of_text(ids, [](const SpiffeId& id) { return id.text(); }), peer);
  };
}

PeerCheck Authorizer::member_of(TrustDomain domain) { return any_in({std::move(domain)}); }

PeerCheck Authorizer::any_in(std::vector<TrustDomain> domains) {
  return [domains = std::move(domains)](const PeerCertificate& peer) -> Result<void> {
    auto is_peers = [&](const TrustDomain& domain) { return peer.spiffe_id()->trust_domain_name() == domain.name(); };
    if (peer.spiffe_id() && std::any_of(domains.begin(), domains.end(), is_peers)) return {};
    std::string list = one_of_text(domains, [](const TrustDomain& domain) { return domain.name(); });
    return unexpected(str_cat("a member of ", list), peer);
  };
}
}  // namespace heddle
