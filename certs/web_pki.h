// Verifying a public web server by its host name against the certificates of a CA file (SPIFFE Federation §5.2.1.4,
// RFC 5280, RFC 6125 §6.4): chain and name by OpenSSL, sizes and keys by our rules. For bundle endpoints of profile
// https_web and nothing else: it says that a server is who its URL names, never who a workload is. Pure: time is a
// parameter; safe from any thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "certs/openssl.h"
#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
inline constexpr size_t kMaxCaFile = 4 * 1024 * 1024;  // bytes
inline constexpr size_t kMaxCaFileCertificates = 2000;
inline constexpr size_t kMaxWebChain = 10;  // certificates shown, and of a path with its root

// Immutable; the store inside is only looked up.
class WebRoots {
 public:
  using Ptr = std::shared_ptr<const WebRoots>;
  // Concatenated PEM as the system's CA file has it: text between the blocks is skipped, a block that cannot be read
  // refuses the file. At least one certificate.
  static Result<Ptr> parse(std::string_view pem);
  X509_STORE* store() const noexcept { return store_.get(); }
  size_t size() const noexcept { return size_; }

 private:
  WebRoots() = default;
  StorePtr store_;
  size_t size_ = 0;
};

// Whom a connection must reach.
struct WebServer {
  WebRoots::Ptr roots;
  std::string host;  // a DNS name in lower case, or an IP address without brackets
};

// `chain` as the server showed it, leaf first. Fails with kPeerCertificateMissing or kPeerCertificateInvalid; the
// detail names the rule. The name must be in subjectAltName: a common name counts for nothing, a wildcard stands for
// one whole label. `x509_error`, when given: OpenSSL's code, for the TLS alert.
Result<void> verify_web_server(const CertChain& chain, const WebServer&, WallTime now, int* x509_error = nullptr);
}  // namespace heddle
