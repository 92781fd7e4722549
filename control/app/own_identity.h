// OwnIdentity: the control plane's certificate and the TLS contexts made of it. Renewed at half of its life, each time
// with a new key and a new TlsContext: connections that are open keep theirs, new ones get the newest. Control loop.
#pragma once
#include <memory>

#include "certs/authority.h"
#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/tls/tls_context.h"

namespace heddle {
class OwnIdentity {
 public:
  struct Parts {
    CertificateAuthority::Ptr authority;
    DomainRoots::Ptr bundle;
    ExtraNames names;
    Duration ttl;
    Scheduler& scheduler;
    Random& random;
    Logger log;
  };
  static Result<std::unique_ptr<OwnIdentity>> create(Parts);
  // From now on another authority, or other roots to believe: a new certificate at once.
  Result<void> use(CertificateAuthority::Ptr, DomainRoots::Ptr);
  // For servers that ask for a client certificate and live without.
  std::shared_ptr<const TlsContext> context() const { return context_; }
  // For connections to other control planes; whose id to expect is for the caller to check.
  std::shared_ptr<const TlsContext> client_context() const { return client_context_; }
  // The same certificate for strangers: none of theirs is asked for.
  std::shared_ptr<const TlsContext> public_context() const { return public_context_; }
  // What those contexts are made of: the digest of the roots they believe, the pin of the root of the certificate.
  const std::string& bundle_digest() const noexcept { return bundle_digest_; }
  const std::string& authority_pin() const noexcept { return authority_pin_; }
  WallTime not_after() const { return context_->svid()->not_after; }

  class Access {
    friend class OwnIdentity;
    Access() = default;
  };
  OwnIdentity(Access, Parts parts);

 private:
  Result<void> renew();
  void on_timer();
  void schedule();
  Parts parts_;
  std::shared_ptr<const TlsContext> context_;
  std::shared_ptr<const TlsContext> public_context_;
  std::shared_ptr<const TlsContext> client_context_;
  std::string bundle_digest_;
  std::string authority_pin_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
