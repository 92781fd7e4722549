#include "proxy/identity/trust_reader.h"

#include <utility>

#include "certs/jwks.h"

namespace heddle {
Result<TrustNews> read_trust_news(const WatchTrust& said, const TrustDomain& own) {
  TrustNews news;
  HEDDLE_TRY(news.roots, parse_jwks(own, said.bundle));
  if (news.roots->empty()) return make_error(Reason::kConfigInvalid, "it has no certificate");
  news.signer = said.signer;
  news.renew_within = said.renew_within;
  news.federated = parse_federated(said.federated, own);
  return news;
}

void TrustReader::take(const WatchTrust& said) {
  reading_ = offload_.compute([said, own = own_] { return read_trust_news(said, own); },
                              [this](Result<TrustNews> news) {
                                if (news) return identity_.on_trust(*news);
                                log_.error("the announced trust bundle is not used", {{"error", news.error()}});
                              });
}
}  // namespace heddle
