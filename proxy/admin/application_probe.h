// ApplicationProbe: one probe of an application's container as its author wrote it, and how it is asked: as Kubelet
// would. Owned by ApplicationProbes; main loop.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "proxy/upstream/network_probes.h"

namespace heddle {
struct ApplicationProbe {
  CheckKind kind = CheckKind::kTcp;
  uint16_t port = 0;
  std::optional<Address> host{};  // an IP address, its port is nothing; absent: where we were asked ourselves
  bool is_https = false;          // of kHttp; the application's certificate is not judged
  std::string path = "/";         // of kHttp, with its query
  std::string authority{};        // of kHttp; empty: address and port
  std::vector<std::pair<std::string, std::string>> headers{};  // of kHttp; lower-case names, no host
  std::string service{};                                       // of kGrpc
  Duration timeout = 1s;
  std::string impossible{};  // why it cannot be asked; empty: it can
  bool operator==(const ApplicationProbe&) const = default;
};

// The path that a redirect leads to on the same server; empty: it leads elsewhere, or nowhere.
std::string redirected_path(std::string_view path, std::string_view location, std::string_view origin);

// GET, over HTTP/1.1. Redirects are followed on the same server, 10 of them; one that leads elsewhere has passed, as
// for Kubelet. Passes with a status from 200 to 399; the status is in the result. The context of TLS only for is_https.
// What it refers to must outlive it; the timeout is the caller's.
std::unique_ptr<Probe> make_application_http_probe(const ProbeContext&, std::shared_ptr<const TlsContext>,
                                                   const ApplicationProbe&, const Address&);
// A client that believes anybody and takes TLS 1.2, as Kubelet does where a probe says HTTPS.
Result<std::shared_ptr<const TlsContext>> believing_client();
}  // namespace heddle
