// BundleFetcher: asks the bundle endpoint of another trust domain once (SPIFFE Federation §5). HttpsBundleFetcher does
// it over TLS 1.3 and HTTP/2 or HTTP/1.1: https_web verifies the server's name against the CA file, read anew each
// time; https_spiffe verifies an X509-SVID of the configured id against the roots handed in. No client certificate is
// shown, redirects are not followed, the answer has at most 1 MiB and is parsed off the loop. Control loop.
#pragma once
#include "certs/federated_bundle.h"
#include "lib/config/model.h"
#include "lib/event/name_lookup.h"
#include "lib/rpc/http_client.h"

namespace heddle {
struct FetchRequest {
  TrustDomain domain;  // whose bundle it is
  FederationEndpoint endpoint;
  DomainRoots::Ptr endpoint_roots{};  // of the endpoint id's trust domain; https_spiffe only
};

class BundleFetcher {
 public:
  using OnFetched = UniqueFunction<void(Result<FederatedBundle>)>;
  virtual ~BundleFetcher() = default;
  // OnFetched runs once, from the loop. Destroying the token cancels. The error names the URL.
  [[nodiscard]] virtual Pending fetch(FetchRequest, OnFetched) = 0;
};

struct FetcherOptions {
  std::string ca_file;  // PEM
  Duration resolve = 5s;
  Duration connect = 5s;  // of one address; the handshake has as much again
  Duration whole = 20s;   // everything
};

class HttpsBundleFetcher final : public BundleFetcher {
 public:
  HttpsBundleFetcher(const SessionContext&, Protocols&, Connector& below, FetcherOptions);
  [[nodiscard]] Pending fetch(FetchRequest, OnFetched) override;

 private:
  class Call;
  SessionContext context_;
  Protocols& protocols_;
  Connector& below_;
  FetcherOptions options_;
  Offload offload_;
  NameLookup names_;
};
}  // namespace heddle
