// Issuer: decides who gets a certificate. Three ways: a one-time join token names the identity (never the request), a
// Kubernetes pod's token does by what its cluster says of it (pod_reviews.h), or a current certificate renews itself;
// that of a pod with a token of the same pod alone, so that a copied key dies with its pod. Rules: a token is 128
// random bits, kept as SHA-256, taken atomically, valid 600 s, but answers the same key once more when an answer was
// lost (attest_retry.h); a serial renews until its successor was seen in use, then never again (a copied key cannot
// live on beside its owner), and once more if the backup we began from does not know it (restored.h); who is refused
// before it is authenticated learns nothing but that (reliability C1, C3, C4, C8, CP-059). The control plane's own
// identity is given to nobody. Every decision is an audit line. An answer waits for the ledger, and what is unknown
// here is looked up again when all is known that other control planes did. Lives on the control loop; signing is one
// ECDSA operation.
#pragma once
#include <map>

#include "certs/authority.h"
#include "control/ca/audit.h"
#include "control/ca/pod_reviews.h"
#include "control/ca/restored.h"
#include "control/store/ledger_tries.h"
#include "lib/base/token_bucket.h"

namespace heddle {
struct CreatedToken {
  std::string id;     // for lists and the audit log
  std::string token;  // shown once
  WallTime expires;
};

// The certificate of who renews, verified by TLS.
struct RenewingPeer {
  SpiffeId identity;
  std::string serial;  // lower-case hex
  WallTime not_after;
  WallTime not_before{};
};

class Issuer {
 public:
  static constexpr Duration kDefaultTokenTtl = 600s;
  static constexpr Duration kMaxTokenTtl = 24h;
  static constexpr Duration kWarnTtl = 5min;
  static constexpr Duration kPodAgain = 5min;
  struct Options {
    Duration svid_ttl = 24h;
    double signs_per_second = 500;  // of all together
  };
  // kConfigInvalid for a ttl below kMinTtl.
  static Result<std::unique_ptr<Issuer>> create(CertificateAuthority::Ptr, Ledger&, const Clock&, AuditSink&, Options);

  // Each `done` is called once, maybe before the call returns; a request goes on to its end though nobody waits for it.
  // Destroying the issuer keeps them silent, and must not happen inside one. kUnavailable: the ledger did not confirm
  // it, or other control planes were faster; the caller may ask again.
  using OnToken = UniqueFunction<void(Result<CreatedToken>)>;
  using OnSvid = UniqueFunction<void(Result<SignedSvid>)>;
  using OnNoted = UniqueFunction<void(Result<void>)>;
  // kBadRequest; kForbidden: the identity is the control plane's own.
  void create_token(const SpiffeId& identity, Duration ttl, const Caller&, OnToken done);
  // kUnauthenticated, opaque, for any fault of the token; what is wrong with the request is said to its holder.
  void attest(std::string_view token, std::string_view csr_pem, const Caller&, OnSvid done);
  // kUnauthenticated: expired, superseded or unknown certificate: a new join token is needed. kRateLimited.
  void renew(const RenewingPeer&, std::string_view csr_pem, const Caller&, OnSvid done);
  // Who says whose a pod's token is; null: nobody, and the two below are refused (kUnsupported). Outlived by this
  // object, as are its answers.
  void use_pods(PodReviews* pods) noexcept { pods_ = pods; }
  // A pod's sidecar: spiffe://<our domain>/ns/<namespace>/sa/<service account>. A token may be shown again, five times
  // at once and one more in kPodAgain by one pod. Errors as attest(); kUnavailable: the cluster could not be asked.
  void attest_pod(std::string_view token, std::string_view csr_pem, const Caller&, OnSvid done);
  // As renew(); kForbidden: a token of another pod, or a certificate that no pod was given.
  void renew_pod(const RenewingPeer&, std::string_view token, std::string_view csr_pem, const Caller&, OnSvid done);
  // The sidecar of this name showed a certificate on a connection: its predecessor renews no more.
  void note_used(std::string_view serial, std::string_view node, OnNoted done);

  // What an operator should know about these options; empty: nothing.
  std::string warning() const;
  // From the next certificate on: who signs, and whom its holder shall trust.
  void use(CertificateAuthority::Ptr signer, DomainRoots::Ptr bundle);
  const CertificateAuthority& authority() const noexcept { return *authority_; }
  const DomainRoots& bundle() const noexcept { return *bundle_; }

  class Access {
    friend class Issuer;
    Access() = default;
  };
  Issuer(Access, CertificateAuthority::Ptr, Ledger&, const Clock&, AuditSink&, Options, Restored);
  ~Issuer();
  Issuer(const Issuer&) = delete;
  Issuer& operator=(const Issuer&) = delete;

 private:
  using Sight = LedgerTries::Sight;
  using Judged = LedgerTries::Judged;
  struct Asked;
  Judged make_token(const SpiffeId& identity, Duration ttl, CreatedToken& out);
  void forget_expired();
  void forget_token(const Sha256Digest& hash);
  Judged sign_for_token(std::string_view token, Asked&, Sight);
  Judged sign_once_more(const Sha256Digest& token, Asked&, Sight);
  void review(std::string_view token, const std::shared_ptr<Asked>&, Task on_pod);
  Judged sign_for_pod(Asked&);
  Result<SpiffeId> identity_of(const ReviewedPod&) const;
  Result<bool> is_of_pods(std::string_view identity);
  void expire_now_and_then();
  Judged succeed(Lineage, std::string_view previous, const Csr&, Asked&);
  Result<std::optional<Lineage>> adopt(const RenewingPeer&, const Asked&, LedgerChange&);
  void renew_asked(const RenewingPeer&, const std::shared_ptr<Asked>&);
  Judged sign_again(const RenewingPeer&, Asked&, Sight);
  void finish(Asked&, Result<void> kept);
  Judged settle(std::string_view serial, std::string_view node, Sight);
  Result<SignedSvid> sign(const Csr&, const SpiffeId& identity);
  void note_stranger(std::string_view serial, std::string_view node);
  bool may_renew(int64_t lineage);
  bool may_attest(const std::string& pod);
  template <class T>
  void audit(const AuditRecord& record, const Caller&, const Result<T>& result);

  CertificateAuthority::Ptr authority_;
  DomainRoots::Ptr bundle_;
  Ledger& ledger_;
  const Clock& clock_;
  AuditSink& audit_;
  Options options_;
  Restored restored_;
  std::map<std::string, std::string> strangers_;  // serial -> node, of a restore's strangers that are connected
  TokenBucket all_signs_;
  std::map<int64_t, TokenBucket> renewals_;          // by lineage; full ones are forgotten
  std::map<std::string, TokenBucket> attestations_;  // the same by pod
  PodReviews* pods_ = nullptr;
  MonoTime expire_next_{};
  LedgerTries tries_;
  bool is_expiring_ = false;
  bool is_ending_ = false;
};
}  // namespace heddle
