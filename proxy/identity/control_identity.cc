#include "proxy/identity/control_identity.h"

#include <utility>

#include "certs/jwks.h"
#include "certs/limits.h"
#include "certs/verify.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxToken = 16 * 1024;

using Identity = std::shared_ptr<const TlsIdentity>;

std::shared_ptr<const TrustBundle> bundle_of(DomainRoots::Ptr roots) { return bundle_with(std::move(roots), {}); }

Result<std::shared_ptr<const TrustBundle>> read_bundle(const ControlIdentityOptions& options) {
  auto text = read_file(options.bundle_file, kMaxBundle);
  if (!text) return std::move(text).error().within("control.bundle");
  const TrustDomain domain = options.id.trust_domain();
  auto roots = text->starts_with('{') ? parse_jwks(domain, *text) : DomainRoots::parse_pem(domain, *text);
  if (!roots) return std::move(roots).error().within(str_cat("control.bundle: ", options.bundle_file));
  return bundle_of(*std::move(roots));
}

// The operator's file and what an earlier answer brought: either may be the newer one. A sidecar whose certificate
// ended while it was cut off may have missed a rotation of the root.
Result<std::shared_ptr<const TrustBundle>> bundle_for_token(const ControlIdentityOptions& options,
                                                            const Identity& current) {
  auto in_file = read_bundle(options);
  if (current == nullptr) return in_file;
  if (!in_file) return current->bundle;
  const std::string_view domain = options.id.trust_domain_name();
  HEDDLE_TRY(auto all, DomainRoots::merged(*current->bundle->find(domain), *(*in_file)->find(domain)));
  return bundle_of(std::move(all));
}

Result<Secret> read_token(const ControlIdentityOptions& options) {
  if (!options.token.empty()) return Secret(options.token);
  if (options.token_file.empty()) {
    return make_error(Reason::kUnauthenticated, "an attestation needs a token: set identity.joinTokenFile");
  }
  auto text = read_file(options.token_file, kMaxToken);
  bool is_pods = options.token_kind == TokenKind::kKubernetes;
  if (!text) return std::move(text).error().within(is_pods ? "identity.tokenFile" : "identity.joinTokenFile");
  Secret whole = Secret::take(*text);
  std::string_view token = whole.view();
  while (token.ends_with('\n') || token.ends_with('\r')) token.remove_suffix(1);
  if (token.empty()) return make_error(Reason::kUnauthenticated, options.token_file + ": holds no token");
  return Secret(token);
}

// A key and what to send for it; made on the offload pool.
struct Prepared {
  std::shared_ptr<const PrivateKey> key;
  CaRequest request;
};

// `unanswered`: what an attestation without an answer asked for. It may have spent the token, which is good for that
// key once more.
Result<Prepared> prepare(const ControlIdentityOptions& options, SvidNeed need, const Identity& current,
                         std::shared_ptr<const PrivateKey> unanswered) {
  Prepared out;
  out.request.kind = options.token_kind;
  if (need == SvidNeed::kAttest || options.token_kind == TokenKind::kKubernetes) {
    HEDDLE_TRY(out.request.token, read_token(options));
  }
  if (need == SvidNeed::kRenew) {
    out.request.material = {current->svid, current->bundle};
  } else {
    HEDDLE_TRY(out.request.material.bundle, bundle_for_token(options, current));
  }
  if (need == SvidNeed::kAttest) out.key = std::move(unanswered);
  if (out.key == nullptr) {
    HEDDLE_TRY(out.key, PrivateKey::generate());
  }
  HEDDLE_TRY(Csr csr, Csr::create(*out.key, options.id));
  out.request.csr_pem = csr.to_pem();
  return out;
}

// Whom to believe: our own domain and others.
struct Believed {
  DomainRoots::Ptr own;
  FederatedRoots federated;
};

Result<Identity> with_roots(const std::shared_ptr<const Svid>& svid, const Believed& believed, WallTime now) {
  auto bundle = bundle_with(believed.own, believed.federated.roots);
  HEDDLE_CHECK_OK(verify_peer(svid->chain, *bundle, now));
  return TlsIdentity::create({svid, std::move(bundle)});
}

// A request may have been answered before the announcement that overtook it. The roots of other domains have no
// sequence in common: what was announced since we asked counts more than the answer, which counts more than what was
// announced before.
bool is_overtaken(const DomainRoots& answered, const DomainRoots& announced) {
  return announced.notes().sequence >= answered.notes().sequence;
}

// Our own leaf, judged as a peer would.
// NOLINTNEXTLINE(readability-function-size): what is checked against what
Result<Identity> accept(const CaAnswer& answer, const Believed& believed, std::shared_ptr<const PrivateKey> key,
                        const SpiffeId& id, WallTime now) {
  HEDDLE_TRY(Svid svid, Svid::from_pem(answer.chain_pem, std::move(key), answer.issued_at));
  if (svid.id != id) {
    return make_error(Reason::kPeerIdentityUnexpected, str_cat("the certificate is of ", svid.id.text()));
  }
  if (svid.not_after > now + kMaxTtl) {
    return make_error(Reason::kBadRequest, "the certificate is valid for more than 90 days");
  }
  if (svid.issued_at >= svid.not_after) return make_error(Reason::kBadRequest, "issuedAt is not before notAfter");
  return with_roots(std::make_shared<const Svid>(std::move(svid)), believed, now);
}
}  // namespace

struct ControlIdentity::Found {
  Result<Identity> stored = make_error(Reason::kNotFound, "nothing is stored");
  std::string federated_problem;  // of a stored identity that is used without other domains
};

// One try: prepare on the pool, ask, read the other domains' roots and check on the pool.
class ControlIdentity::Try final : public Operation {
 public:
  Try(ControlIdentity& owner, SvidNeed need, OnMade done) : owner_(owner), need_(need), done_(std::move(done)) {
    step_ = owner_.offload_.compute([options = owner_.options_, need, current = owner_.identities_.current(),
                                     key = owner_.unanswered_] { return prepare(options, need, current, key); },
                                    [this](Result<Prepared> prepared) { on_prepared(std::move(prepared)); });
  }

 private:
  void on_prepared(Result<Prepared> prepared) {
    if (!prepared) return fail(std::move(prepared).error());
    key_ = std::move(prepared->key);
    if (need_ == SvidNeed::kAttest) owner_.unanswered_ = key_;
    heard_ = owner_.heard_;
    asked_ = owner_.ca_.sign(std::move(prepared->request),
                             [this](Result<CaAnswer> answer) { on_answer(std::move(answer)); });
  }
  void on_answer(Result<CaAnswer> answer) {
    if (!answer) return fail(std::move(answer).error());
    answer_ = *std::move(answer);
    step_ = owner_.offload_.compute([texts = std::move(answer_.federated),
                                     own = owner_.options_.id.trust_domain()] { return parse_federated(texts, own); },
                                    [this](FederatedRoots federated) { on_read(std::move(federated)); });
  }
  void on_read(FederatedRoots federated) {
    Believed believed{answer_.roots, std::move(federated)};
    auto& news = owner_.news_;
    if (news && is_overtaken(*believed.own, *news->roots)) {
      believed.own = news->roots;
      bool came_later = owner_.heard_ != heard_;
      if (came_later) believed.federated = news->federated;
      if (!came_later) news->federated = believed.federated;
    } else if (news) {
      news->roots = believed.own;
      news->federated = believed.federated;
    }
    owner_.use_federated(believed.federated);
    step_ = owner_.offload_.compute(
        [answer = std::move(answer_), believed = std::move(believed), key = std::move(key_), id = owner_.options_.id,
         now = owner_.loop_.wall()] { return accept(answer, believed, key, id, now); },
        [this](Result<Identity> identity) { on_accepted(std::move(identity)); });
  }
  void on_accepted(Result<Identity> identity) {
    if (!identity) return fail(std::move(identity).error().within("the signed certificate is refused"));
    const Svid& svid = *(*identity)->svid;
    SvidTimes times{svid.issued_at, svid.not_after};
    ControlIdentity& owner = owner_;
    owner.unanswered_.reset();
    owner.publish(*identity);
    owner.save(*identity);
    auto done = std::move(done_);
    done(times);
    owner.adopt();  // of what was announced meanwhile
    owner.follow_signer();
  }
  void fail(Error why) {
    owner_.log_.warn("no new certificate", {{"error", why}});
    auto done = std::move(done_);
    done(std::move(why));
  }

  ControlIdentity& owner_;
  SvidNeed need_;
  OnMade done_;
  std::shared_ptr<const PrivateKey> key_;
  CaAnswer answer_;
  uint64_t heard_ = 0;  // when it was asked
  Pending step_;
  Pending asked_;
};

ControlIdentity::ControlIdentity(Loop& loop, Random& random, Logger log, CaClient& ca, ControlIdentityOptions options)
    : loop_(loop), random_(random), log_(log), ca_(ca), options_(std::move(options)) {}

ControlIdentity::~ControlIdentity() = default;

void ControlIdentity::start() {
  if (options_.state_directory.empty()) return rotator_.start(std::nullopt);
  load_ = offload_.compute(
      [options = options_, now = loop_.wall()] {
        Found found;
        auto store = StateStore::open(options.state_directory);
        auto stored = store ? store->load(options.id, now) : Result<StoredIdentity>(std::move(store).error());
        if (!stored) {
          found.stored = std::move(stored).error();
          return found;
        }
        found.stored = TlsIdentity::create(
            {std::make_shared<const Svid>(std::move(stored->svid)), bundle_with(stored->roots, stored->federated)});
        found.federated_problem = std::move(stored->federated_problem);
        return found;
      },
      [this](Found found) { on_found(std::move(found)); });
}

void ControlIdentity::on_found(Found found) {
  if (found.stored) {
    const Svid& svid = *(*found.stored)->svid;
    kept_ = *found.stored;
    if (!found.federated_problem.empty()) use_federated({{}, {std::move(found.federated_problem)}});
    publish(*found.stored);
    return rotator_.start(SvidTimes{svid.issued_at, svid.not_after});
  }
  if (found.stored.error().reason != Reason::kNotFound) {
    stored_problem_ = found.stored.error().text();
    log_.warn("the stored identity is not used; a token is needed", {{"error", stored_problem_}});
  }
  rotator_.start(std::nullopt);
}

Pending ControlIdentity::make(SvidNeed need, OnMade done) {
  if (need == SvidNeed::kAttest && identities_.current() != nullptr) {
    log_.limited(LogLevel::kError, {"svid_expired"}, "the SVID has expired; a new token is needed",
                 {{"id", options_.id.text()}});
  }
  return std::make_unique<Try>(*this, need, std::move(done));
}

void ControlIdentity::publish(const Identity& identity) {
  const Svid& svid = *identity->svid;
  log_.info("identity in use", {{"id", svid.id.text()},
                                {"serial", serial_of(svid.chain.front().get())},
                                {"valid_for", svid.not_after - loop_.wall()}});
  identities_.publish(identity);
}

const DomainRoots* ControlIdentity::roots_of(const TlsIdentity& identity) const {
  return identity.bundle->find(options_.id.trust_domain_name());
}

// What cannot be written is told and lived without: the identity in memory serves on. One after the other: the files
// belong together.
void ControlIdentity::save(const Identity& identity) {
  if (options_.state_directory.empty()) return;
  if (saving_) {
    unsaved_ = identity;
    return;
  }
  saving_ = true;
  DomainRoots::Ptr shared(identity->bundle, roots_of(*identity));
  save_ = offload_.compute(
      [directory = options_.state_directory, identity, shared]() -> Result<void> {
        HEDDLE_TRY(StateStore store, StateStore::open(directory));
        return store.save({*identity->svid, shared, federated_in(identity->bundle, shared->trust_domain()), {}});
      },
      [this, identity](const Result<void>& saved) { on_saved(identity, saved); });
}

void ControlIdentity::on_saved(const Identity& identity, const Result<void>& saved) {
  saving_ = false;
  Identity next = std::exchange(unsaved_, nullptr);
  if (!saved) {
    log_.limited(LogLevel::kError, {"svid_not_stored"}, "cannot store the identity; a restart will need a token",
                 {{"error", saved.error()}});
    save_again_ = loop_.timer([this] { save(identities_.current()); });
    save_again_->arm(kSaveAgain);
  } else {
    kept_ = identity;
    if (on_kept_) on_kept_();
  }
  if (next != nullptr) save(next);
}

// What is refused is told once, not with every stream that says the same.
void ControlIdentity::use_federated(const FederatedRoots& federated) {
  if (federated.refused != refused_) tell_refused(log_, federated.refused);
  refused_ = federated.refused;
}

bool ControlIdentity::is_in_use(const TrustNews& news, const TlsIdentity& identity) const {
  const DomainRoots* held = roots_of(identity);
  if (held == nullptr || held->digest() != news.roots->digest()) return false;
  const TrustDomain& own = held->trust_domain();
  return federated_digest(*identity.bundle, own) ==
         federated_digest(*bundle_with(news.roots, news.federated.roots), own);
}

void ControlIdentity::on_trust(const TrustNews& news) {
  news_ = news;
  ++heard_;
  use_federated(news.federated);
  adopt();
  follow_signer();
}

void ControlIdentity::adopt() {
  Identity current = identities_.current();
  if (!news_ || current == nullptr) return;
  if (is_in_use(*news_, *current)) return adoption_.reset();
  adoption_ = offload_.compute([svid = current->svid, believed = Believed{news_->roots, news_->federated},
                                now = loop_.wall()] { return with_roots(svid, believed, now); },
                               [this, current](Result<Identity> made) { on_adopted(current, std::move(made)); });
}

// Refused: our certificate would vouch for itself no more. The old bundle serves until a new certificate is there.
void ControlIdentity::on_adopted(const Identity& from, Result<Identity> made) {
  if (identities_.current() != from) return adopt();
  if (!made) {
    log_.error("the announced trust bundle does not vouch for our certificate; renewing", {{"error", made.error()}});
    return rotator_.renew_within(Duration{});
  }
  log_.info("trust bundle in use", {{"roots", roots_of(**made)->pins().size()},
                                    {"digest", roots_of(**made)->digest()},
                                    {"federated", (*made)->bundle->domains().size() - 1}});
  publish(*made);
  save(*made);
}

void ControlIdentity::follow_signer() {
  Identity current = identities_.current();
  if (!news_ || current == nullptr) return;
  const DomainRoots* held = roots_of(*current);
  auto ours = held == nullptr ? std::nullopt : held->pin_of_issuer(current->svid->chain.back().get());
  if (ours == news_->signer) return;
  log_.info("another root signs now; renewing", {{"signer", news_->signer}, {"within", news_->renew_within}});
  rotator_.renew_within(news_->renew_within);
}

std::string ControlIdentity::not_ready(IdentityState state) const {
  bool is_pods = options_.token_kind == TokenKind::kKubernetes;
  if (is_pods && state == IdentityState::kExpired) {
    return str_cat("the SVID of ", options_.id.text(), " has expired: ", rotator_.last_error());
  }
  if (state == IdentityState::kExpired) {
    return str_cat("the SVID of ", options_.id.text(), " has expired; it needs a new token (heddle token create)");
  }
  if (identities_.current() != nullptr) return "";
  if (!stored_problem_.empty() && !is_pods) {
    return str_cat("a new token is needed (heddle token create): the stored identity is not used: ", stored_problem_);
  }
  if (rotator_.last_error().empty()) return "waiting for a certificate from the control plane";
  return str_cat("no certificate: ", rotator_.last_error());
}

IdentityStatus ControlIdentity::status() const {
  IdentityStatus status;
  const SvidLifecycle& lifecycle = rotator_.lifecycle();
  status.state = lifecycle.state(loop_.wall());
  status.id = options_.id.text();
  status.last_error = rotator_.last_error();
  status.not_ready = not_ready(status.state);
  auto current = identities_.current();
  status.federated_refused = refused_.size();
  if (current != nullptr) describe(*current, loop_.wall(), status);
  return status;
}
}  // namespace heddle
