// BundleCertificate: what the bundle endpoint shows to who connects. Profile https_spiffe: the control plane's own
// SVID, always the newest. Profile https_web: certificate and key of files that somebody else keeps fresh: looked at
// every second on the offload pool, and by SIGHUP; a replacement that is refused leaves the old one in place and says
// so, once for each reason. Control loop; timer and token die with it.
#pragma once
#include "control/app/own_identity.h"
#include "lib/event/offload.h"

namespace heddle {
struct BundleCertificateFiles {
  std::string certificates;  // --bundle-cert-file: PEM, the server's first, then its issuers
  std::string key;           // --bundle-key-file: PKCS#8, mode 0600
  bool any() const { return !certificates.empty() || !key.empty(); }
  bool all() const { return !certificates.empty() && !key.empty(); }
};

// Judged as a whole: rules of WebCertificate, valid at `now`. The error names flag, file and rule. Blocking; any
// thread.
Result<WebCertificate> load_bundle_certificate(const BundleCertificateFiles&, WallTime now);

class BundleCertificate {
 public:
  static constexpr Duration kEvery = 1s;
  static constexpr Duration kLookAgain = 30s;  // at files that were refused: the clock is a part of some rules
  struct Parts {
    Loop& loop;
    const OwnIdentity& own;
    BundleCertificateFiles files;  // none: https_spiffe
    Logger log;
  };
  static Result<std::unique_ptr<BundleCertificate>> create(Parts);

  std::string_view profile() const { return is_web() ? "https_web" : "https_spiffe"; }
  std::shared_ptr<const TlsContext> context() const { return is_web() ? web_ : parts_.own.public_context(); }
  WallTime not_after() const { return is_web() ? not_after_ : parts_.own.not_after(); }
  bool is_refused() const noexcept { return !refused_.empty(); }  // the files that are there now are not used
  // Looks at the files now, changed or not.
  void reload();

  class Access {
    friend class BundleCertificate;
    Access() = default;
  };
  BundleCertificate(Access, Parts);

 private:
  // What the offload thread found.
  struct Seen {
    std::string stamp;
    std::optional<Result<WebCertificate>> loaded;  // nothing: unchanged
  };
  bool is_web() const { return parts_.files.all(); }
  void turn();
  void look();
  void on_seen(Seen);
  Result<void> take(WebCertificate);
  void refuse(const Error&);
  Parts parts_;
  Offload offload_;
  std::unique_ptr<Timer> timer_;
  Pending work_;
  bool working_ = false;
  bool again_ = false;  // reload() came while the pool was at work
  std::string stamp_;   // of what was looked at last, good or bad
  MonoTime look_again_;
  std::string refused_;  // why the files are
  std::shared_ptr<const TlsContext> web_;
  WallTime not_after_;
};
}  // namespace heddle
