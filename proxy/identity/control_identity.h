// ControlIdentity: an identity signed by the control plane. Uses what the state directory holds while it is valid;
// else makes a P-256 key in this process, sends a signing request with a token, and renews with the SVID it has at half
// of its lifetime, each time with a fresh key. Key generation, signing and files are the offload pool's. A certificate
// is checked against bundle and id before it is published. Roots the control plane announces are taken at once, with
// the certificate in use if they vouch for it; a certificate of another root than the one that signs is renewed early,
// staggered. The roots of other trust domains come the same way, and are published and kept beside our own. Belongs to
// the main loop; must outlive its subscribers' loops only as Latest demands. It never logs a token.
#pragma once
#include "lib/base/log.h"
#include "lib/event/offload.h"
#include "proxy/identity/ca_client.h"
#include "proxy/identity/state_store.h"
#include "proxy/identity/svid_rotator.h"

namespace heddle {
struct ControlIdentityOptions {
  SpiffeId id;
  // How to attest, read anew for every try (Kubernetes replaces its file); one of the two, or none for a sidecar that
  // lives from its state directory.
  std::string token;
  std::string token_file;
  // Whom to believe before the first answer: PEM or JWKS of the id's trust domain.
  std::string bundle_file;
  std::string state_directory;              // empty: identity.persist is false
  TokenKind token_kind = TokenKind::kJoin;  // a pod's token goes with every renewal
};

class ControlIdentity final : public IdentitySource, private SvidMaker {
 public:
  static constexpr Duration kSaveAgain = 1s;  // after a failure
  ControlIdentity(Loop&, Random&, Logger, CaClient&, ControlIdentityOptions);
  ~ControlIdentity() override;
  void start() override;
  void reload() override { rotator_.retry_now(); }
  void on_trust(const TrustNews&) override;
  bool is_kept(const TlsIdentity& identity) const noexcept override {
    return options_.state_directory.empty() || kept_.get() == &identity;
  }
  void set_on_kept(Task on_kept) override { on_kept_ = std::move(on_kept); }
  Latest<TlsIdentity>& identities() noexcept override { return identities_; }
  IdentityStatus status() const override;
  const RotationCounts& rotations() const noexcept override { return rotator_.rotations(); }

 private:
  class Try;
  struct Found;
  [[nodiscard]] Pending make(SvidNeed, OnMade) override;
  void on_found(Found);
  void publish(const std::shared_ptr<const TlsIdentity>&);
  void save(const std::shared_ptr<const TlsIdentity>&);
  void on_saved(const std::shared_ptr<const TlsIdentity>&, const Result<void>&);
  void adopt();
  void on_adopted(const std::shared_ptr<const TlsIdentity>& from, Result<std::shared_ptr<const TlsIdentity>>);
  void follow_signer();
  const DomainRoots* roots_of(const TlsIdentity&) const;
  bool is_in_use(const TrustNews&, const TlsIdentity&) const;
  void use_federated(const FederatedRoots&);
  std::string not_ready(IdentityState) const;

  Loop& loop_;
  Random& random_;
  Logger log_;
  CaClient& ca_;
  const ControlIdentityOptions options_;
  Offload offload_{loop_};
  Latest<TlsIdentity> identities_;
  SvidRotator rotator_{loop_, random_, *this};
  std::string stored_problem_;                  // why what was stored is not used
  std::optional<TrustNews> news_;               // the newest word of the control plane, by watch or with a certificate
  std::shared_ptr<const TlsIdentity> unsaved_;  // waits for the one that is being saved
  std::shared_ptr<const TlsIdentity> kept_;     // what the state directory holds
  Task on_kept_;
  std::unique_ptr<Timer> save_again_;
  std::shared_ptr<const PrivateKey> unanswered_;  // of an attestation; its token is good for this key only
  uint64_t heard_ = 0;                            // announcements so far
  std::vector<std::string> refused_;              // federated domains, of the newest word
  bool saving_ = false;
  Pending adoption_;  // of news_->roots
  Pending load_;
  Pending save_;
};
}  // namespace heddle
