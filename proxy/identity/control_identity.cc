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

std::shared_ptr<const TrustBundle> bundle_of(DomainRoots::Ptr roots) {
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(std::move(roots));
  return bundle;
}

Result<std::shared_ptr<const TrustBundle>> read_bundle(const ControlIdentityOptions& options) {
  auto text = read_file(options.bundle_file, kMaxBundle);
  if (!text) return std::move(text).error().within("control.bundle");
  const TrustDomain domain = options.id.trust_domain();
  auto roots = text->starts_with('{') ? parse_jwks(domain, *text) : DomainRoots::parse_pem(domain, *text);
  if (!roots) return std::move(roots).error().within(str_cat("control.bundle: ", options.bundle_file));
  return bundle_of(*std::move(roots));
}

Result<Secret> read_token(const ControlIdentityOptions& options) {
  if (!options.token.empty()) return Secret(options.token);
  if (options.token_file.empty()) {
    return make_error(Reason::kUnauthenticated, "an attestation needs a token: set identity.joinTokenFile");
  }
  auto text = read_file(options.token_file, kMaxToken);
  if (!text) return std::move(text).error().within("identity.joinTokenFile");
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

Result<Prepared> prepare(const ControlIdentityOptions& options, SvidNeed need, const Identity& current) {
  Prepared out;
  if (need == SvidNeed::kRenew) {
    out.request.material = {current->svid, current->bundle};
  } else {
    HEDDLE_TRY(out.request.token, read_token(options));
    // A bundle that an earlier answer brought is newer than the file.
    HEDDLE_TRY(out.request.material.bundle,
               current != nullptr ? Result<std::shared_ptr<const TrustBundle>>(current->bundle) : read_bundle(options));
  }
  HEDDLE_TRY(out.key, PrivateKey::generate());
  HEDDLE_TRY(Csr csr, Csr::create(*out.key, options.id));
  out.request.csr_pem = csr.to_pem();
  return out;
}

// Our own leaf, judged as a peer would.
Result<Identity> accept(const CaAnswer& answer, std::shared_ptr<const PrivateKey> key, const SpiffeId& id,
                        WallTime now) {
  HEDDLE_TRY(Svid svid, Svid::from_pem(answer.chain_pem, std::move(key), answer.issued_at));
  if (svid.id != id) {
    return make_error(Reason::kPeerIdentityUnexpected, str_cat("the certificate is of ", svid.id.text()));
  }
  if (svid.issued_at >= svid.not_after) return make_error(Reason::kBadRequest, "issuedAt is not before notAfter");
  auto bundle = bundle_of(answer.roots);
  HEDDLE_CHECK_OK(verify_peer(svid.chain, *bundle, now));
  return TlsIdentity::create({std::make_shared<const Svid>(std::move(svid)), std::move(bundle)});
}
}  // namespace

struct ControlIdentity::Found {
  Result<Identity> stored = make_error(Reason::kNotFound, "nothing is stored");
};

// One try: prepare on the pool, ask, check on the pool.
class ControlIdentity::Try final : public Operation {
 public:
  Try(ControlIdentity& owner, SvidNeed need, OnMade done) : owner_(owner), done_(std::move(done)) {
    step_ =
        owner_.offload_.compute([options = owner_.options_, need,
                                 current = owner_.identities_.current()] { return prepare(options, need, current); },
                                [this](Result<Prepared> prepared) { on_prepared(std::move(prepared)); });
  }

 private:
  void on_prepared(Result<Prepared> prepared) {
    if (!prepared) return fail(std::move(prepared).error());
    key_ = std::move(prepared->key);
    asked_ = owner_.ca_.sign(std::move(prepared->request),
                             [this](Result<CaAnswer> answer) { on_answer(std::move(answer)); });
  }
  void on_answer(Result<CaAnswer> answer) {
    if (!answer) return fail(std::move(answer).error());
    step_ = owner_.offload_.compute([answer = *std::move(answer), key = std::move(key_), id = owner_.options_.id,
                                     now = owner_.loop_.wall()] { return accept(answer, key, id, now); },
                                    [this](Result<Identity> identity) { on_accepted(std::move(identity)); });
  }
  void on_accepted(Result<Identity> identity) {
    if (!identity) return fail(std::move(identity).error().within("the signed certificate is refused"));
    const Svid& svid = *(*identity)->svid;
    SvidTimes times{svid.issued_at, svid.not_after};
    owner_.publish(*identity);
    owner_.save(**identity);
    auto done = std::move(done_);
    done(times);
  }
  void fail(Error why) {
    owner_.log_.warn("no new certificate", {{"error", why}});
    auto done = std::move(done_);
    done(std::move(why));
  }

  ControlIdentity& owner_;
  OnMade done_;
  std::shared_ptr<const PrivateKey> key_;
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
            {std::make_shared<const Svid>(std::move(stored->svid)), bundle_of(std::move(stored->roots))});
        return found;
      },
      [this](Found found) { on_found(std::move(found)); });
}

void ControlIdentity::on_found(Found found) {
  if (found.stored) {
    const Svid& svid = *(*found.stored)->svid;
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

// What cannot be written is told and lived without: the identity in memory serves on.
void ControlIdentity::save(const TlsIdentity& identity) {
  if (options_.state_directory.empty()) return;
  const DomainRoots* roots = identity.bundle->find(options_.id.trust_domain_name());
  DomainRoots::Ptr shared(identity.bundle, roots);
  save_ = offload_.compute(
      [directory = options_.state_directory, svid = identity.svid, shared]() -> Result<void> {
        HEDDLE_TRY(StateStore store, StateStore::open(directory));
        return store.save({*svid, shared});
      },
      [this](Result<void> saved) {
        if (!saved) log_.error("cannot store the identity; a restart will need a token", {{"error", saved.error()}});
      });
}

std::string ControlIdentity::not_ready(IdentityState state) const {
  if (state == IdentityState::kExpired) {
    return str_cat("the SVID of ", options_.id.text(), " has expired; it needs a new token (heddle token create)");
  }
  if (identities_.current() != nullptr) return "";
  if (!stored_problem_.empty()) {
    return str_cat("a new token is needed (heddle token create): the stored identity is not used: ", stored_problem_);
  }
  if (rotator_.last_error().empty()) return "waiting for a certificate from the control plane";
  return str_cat("no certificate: ", rotator_.last_error());
}

IdentityStatus ControlIdentity::status() const {
  IdentityStatus status;
  const SvidLifecycle& lifecycle = rotator_.lifecycle();
  status.state = lifecycle.state(loop_.wall());
  status.health = lifecycle.health(loop_.wall());
  status.id = options_.id.text();
  status.last_error = rotator_.last_error();
  status.not_ready = not_ready(status.state);
  auto current = identities_.current();
  if (current == nullptr) return status;
  status.serial = serial_of(current->svid->chain.front().get());
  status.issued_at = current->svid->issued_at;
  status.not_after = current->svid->not_after;
  return status;
}
}  // namespace heddle
