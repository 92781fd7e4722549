// KubeClient: calls of the Kubernetes API, and its long answers (watches). JSON over HTTP/2, or HTTP/1.1 where the
// server has no ALPN; one connection is kept. Files of tokens and certificates are read again as they change, a call is
// made again where that is safe and of use (KubeRetry). Knows no kinds of objects. Control loop; must outlive its
// tokens. An answer larger than kMaxKubeAnswer fails with kTooLarge.
#pragma once
#include "control/kube/kube_config.h"
#include "control/kube/kube_retry.h"
#include "control/kube/kube_token.h"

namespace heddle {
struct KubeRequest {
  std::string method = "GET";  // or POST, PUT, PATCH, DELETE
  std::string path;            // KubeResource::path()
  std::string query{};
  std::string body{};  // JSON
  std::string content_type = "application/json";
  bool is_repeatable = false;  // does no harm when it is done twice, as every GET
  Duration attempt = 10s;      // of one try, from the connection to the last byte
  Duration whole = 30s;        // of all tries, and of the waits between them
};
namespace kube_patch {  // content types of PATCH
inline constexpr std::string_view kMerge = "application/merge-patch+json";
inline constexpr std::string_view kJson = "application/json-patch+json";
inline constexpr std::string_view kApply = "application/apply-patch+yaml";  // takes JSON; the query names fieldManager
}  // namespace kube_patch

class KubeClient {
 public:
  using Done = UniqueFunction<void(KubeAnswer)>;
  KubeClient(const SessionContext&, Protocols&, Connector& below, Random&, KubeConfig);

  // `done` runs once, from the loop; it may destroy the token. Destroying the token keeps it silent, though the server
  // may have done what was asked.
  [[nodiscard]] Pending call(KubeRequest, Done);
  // A long answer in lines. `opened` runs once, before any line: only its failure matters; after one nothing more
  // comes. Tries once. An answer that is empty is on_closed alone. The token is not to be destroyed inside these calls,
  // nor the observer before it. No deadline.
  [[nodiscard]] Pending watch(std::string path, std::string query, LineObserver&, Done opened);
  // Something was silent for too long: what comes next goes over a new connection.
  void suspect_connection();

  Loop& loop() noexcept { return context_.loop; }
  const KubeConfig& config() const noexcept { return config_; }

 private:
  class Call;
  class Stream;
  using OnReady = UniqueFunction<void(Result<HttpChannel::Client>)>;
  HttpClientOptions client_options() const;
  Result<TlsSetup> tls_setup() const;
  // With our token; fails where that cannot be read.
  Result<RpcRequest> request(const KubeRequest&);
  void note(const KubeAnswer&);

  SessionContext context_;
  Random& random_;
  KubeConfig config_;
  KubeToken token_;
  NameLookup names_;
  HttpChannel channel_;
};
}  // namespace heddle
