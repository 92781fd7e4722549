#include "control/ca/issuer.h"

#include <algorithm>
#include <utility>

#include "control/ca/attest_retry.h"
#include "control/ca/key_store.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kTokenBytes = 16;  // 128 bit
constexpr size_t kIdBytes = 6;
constexpr size_t kMaxTokenText = 64;
constexpr size_t kManyBuckets = 10'000;
constexpr size_t kMaxStrangers = 100'000;
// Renewals of one sidecar: five a minute, or four in a lifetime where that is more.
constexpr double kRenewalsPerSecond = 5.0 / 60;
constexpr double kRenewalsPerLifetime = 4;
constexpr double kRenewalBurst = 5;
constexpr double kPodBurst = 5;
constexpr Duration kExpireEvery = 1min;

template <size_t N>
std::array<std::byte, N> random_bytes() {
  std::array<std::byte, N> out{};
  secure_random(out);
  return out;
}

// What an unauthenticated caller is told; the log knows more.
Error refused() { return make_error(Reason::kUnauthenticated, "attestation refused", Origin::kDownstream); }

Error needs_token(std::string_view why) {
  return make_error(Reason::kUnauthenticated, str_cat(why, "; a new join token is needed"), Origin::kDownstream);
}

// A fault of the ledger is none of the caller's, whatever its name.
Error not_kept(Error why, std::string_view serial) {
  if (why.reason == Reason::kTooLarge) why.reason = Reason::kUnavailable;
  return std::move(why).within(str_cat("certificate ", serial));
}

Error token_fault(std::string_view why) {
  return make_error(Reason::kUnauthenticated, std::string(why), Origin::kDownstream);
}

Error no_cluster() {
  return make_error(Reason::kUnsupported,
                    "this control plane knows no pods: it is not started with --source kubernetes",
                    Origin::kDownstream);
}

Error forbidden(std::string what) { return make_error(Reason::kForbidden, std::move(what), Origin::kDownstream); }

std::string text_of(const ReviewedPod& pod) { return str_cat(pod.namespace_name, "/", pod.name, " (", pod.uid, ")"); }

// A certificate that was given to a pod is that pod's alone.
Result<void> check_pod(const Lineage& lineage, const std::optional<ReviewedPod>& pod) {
  if (lineage.pod.empty() && !pod) return {};
  if (lineage.pod.empty()) return forbidden("the certificate was given to no pod: it renews without a token");
  if (!pod) {
    return make_error(Reason::kUnauthenticated, "the certificate was given to a pod: it renews with the pod's token",
                      Origin::kDownstream);
  }
  if (pod->uid == lineage.pod) return {};
  return forbidden(str_cat("the token is of another pod than the certificate, ", lineage.pod));
}

// One more of `key`, whose bucket is made when it is asked for first; full ones are forgotten when there are many.
template <class Key>
bool take_one(std::map<Key, TokenBucket>& buckets, const Key& key, double rate, double burst, MonoTime now) {
  if (buckets.size() >= kManyBuckets) {
    std::erase_if(buckets, [now](const auto& entry) { return entry.second.is_full(now); });
  }
  return buckets.try_emplace(key, rate, burst, now).first->second.take(now);
}

// Whoever has it is the control plane, for sidecars and for other control planes: nobody gets it who asks.
Result<void> check_not_ours(const SpiffeId& identity, const TrustDomain& domain) {
  HEDDLE_TRY(SpiffeId own, control_identity(domain));
  if (identity != own) return {};
  return make_error(Reason::kForbidden, str_cat(own.text(), " is the control plane's own identity, for nobody else"),
                    Origin::kDownstream);
}
}  // namespace

Issuer::Issuer(Access, CertificateAuthority::Ptr authority, Ledger& ledger, const Clock& clock, AuditSink& audit,
               Options options, Restored restored)
    : authority_(std::move(authority)),
      bundle_(authority_->roots()),
      ledger_(ledger),
      clock_(clock),
      audit_(audit),
      options_(options),
      restored_(restored),
      all_signs_(options.signs_per_second, std::max(1.0, options.signs_per_second), clock.now()),
      tries_(ledger) {}

Result<std::unique_ptr<Issuer>> Issuer::create(CertificateAuthority::Ptr authority, Ledger& ledger, const Clock& clock,
                                               AuditSink& audit, Options options) {
  if (options.svid_ttl < kMinTtl) {
    return make_error(Reason::kConfigInvalid,
                      str_cat("the lifetime of certificates, ", format_duration(options.svid_ttl), ", is shorter than ",
                              format_duration(kMinTtl)));
  }
  HEDDLE_TRY(Restored restored, Restored::read(ledger));
  return std::make_unique<Issuer>(Access(), std::move(authority), ledger, clock, audit, options, restored);
}

void Issuer::use(CertificateAuthority::Ptr signer, DomainRoots::Ptr bundle) {
  authority_ = std::move(signer);
  bundle_ = std::move(bundle);
}

std::string Issuer::warning() const {
  if (options_.svid_ttl >= kWarnTtl) return {};
  return str_cat("certificates live ", format_duration(options_.svid_ttl),
                 " only: an outage of the control plane of half of that stops the mesh");
}

// Who waits, and what was signed for him.
struct Issuer::Asked {
  AuditRecord record;  // the subject of an attestation stays empty until its token proved good
  Caller caller;
  std::string csr_pem;
  OnSvid done;
  std::optional<SignedSvid> svid{};
  std::optional<ReviewedPod> pod{};
};

// What is under way may be kept or not, so each is a line, and an answer to nobody.
Issuer::~Issuer() {
  is_ending_ = true;
  tries_.abandon(make_error(Reason::kCancelled, "the control plane ended before it was known whether this was kept"));
}

void Issuer::create_token(const SpiffeId& identity, Duration ttl, const Caller& caller, OnToken done) {
  auto token = std::make_shared<CreatedToken>();
  tries_.run([this, identity, ttl, token](Sight) { return make_token(identity, ttl, *token); },
             [this, identity, caller, token, done = std::move(done)](const Result<void>& kept) mutable {
               audit({"token-create", identity.text(), kept ? token->id : std::string()}, caller, kept);
               if (is_ending_) return;
               done(kept ? Result<CreatedToken>(std::move(*token)) : Error(kept.error()));
             });
}

Issuer::Judged Issuer::make_token(const SpiffeId& identity, Duration ttl, CreatedToken& out) {
  if (identity.trust_domain_name() != authority_->trust_domain().name() || identity.path().empty()) {
    return make_error(Reason::kBadRequest,
                      str_cat(identity.text(), " is not the id of a workload of ", authority_->trust_domain().name()));
  }
  HEDDLE_CHECK_OK(check_not_ours(identity, authority_->trust_domain()));
  if (ttl < 1s || ttl > kMaxTokenTtl) {
    return make_error(Reason::kBadRequest, "the ttl of a join token must be between 1s and 24h");
  }
  forget_expired();
  WallTime now = clock_.wall();
  std::string token = to_base64url(random_bytes<kTokenBytes>());
  out = CreatedToken{to_hex(random_bytes<kIdBytes>()), std::move(token), now + ttl};
  return LedgerChange{AddJoinToken{sha256(as_bytes(out.token)), {out.id, identity.text(), now, out.expires}}};
}

// Beside what was asked for: that it failed is nobody's trouble, the next one does it.
void Issuer::forget_expired() {
  if (std::exchange(is_expiring_, true)) return;
  WallTime now = clock_.wall();
  bool keeps_all = restored_.keeps_lineages(now, options_.svid_ttl);
  ExpireRecords expired{now, keeps_all ? WallTime() : now - Ledger::kKeepExpired};
  tries_.run([expired](Sight) { return LedgerTries::Judged(LedgerChange{expired}); },
             [this](const Result<void>&) { is_expiring_ = false; });
}

void Issuer::forget_token(const Sha256Digest& hash) {
  tries_.run(
      [this, hash](Sight) -> Judged {
        HEDDLE_TRY(std::optional<JoinToken> found, ledger_.find_join_token(hash));
        return found ? LedgerChange{TakeJoinToken{hash}} : LedgerChange{};
      },
      [](const Result<void>&) {});
}

void Issuer::attest(std::string_view token, std::string_view csr_pem, const Caller& caller, OnSvid done) {
  auto asked = std::make_shared<Asked>(Asked{{"attest", "", ""}, caller, std::string(csr_pem), std::move(done)});
  tries_.run([this, asked, text = std::string(token)](Sight sight) { return sign_for_token(text, *asked, sight); },
             [this, asked](Result<void> kept) { finish(*asked, std::move(kept)); });
}

// The token is looked up by its hash, which tells an observer of the time taken nothing about it. It is spent exactly
// if the certificate may renew: both are one change.
Issuer::Judged Issuer::sign_for_token(std::string_view token, Asked& asked, Sight sight) {
  asked.svid.reset();
  if (token.empty() || token.size() > kMaxTokenText) return token_fault("no join token of that form");
  Sha256Digest hash = sha256(as_bytes(token));
  HEDDLE_TRY(std::optional<JoinToken> found, ledger_.find_join_token(hash));
  if (!found || retried_serial(*found)) return sign_once_more(hash, asked, sight);
  if (found->expires <= clock_.wall()) {
    forget_token(hash);
    return token_fault(str_cat("the join token ", found->id, " has expired"));
  }
  asked.record.subject = found->identity;
  HEDDLE_TRY(SpiffeId identity, SpiffeId::parse(found->identity));
  HEDDLE_TRY(Csr csr, Csr::parse_pem(asked.csr_pem));
  HEDDLE_TRY(asked.svid, sign(csr, identity));
  Lineage given{0, identity.text(), asked.svid->serial, "", asked.svid->not_after};
  AddJoinToken retry = attest_retry(hash, csr, given, clock_.wall());
  return LedgerChange{TakeJoinToken{hash}, SaveLineage{std::move(given)}, std::move(retry)};
}

// The answer to who took the token may have been lost: the same key gets the successor of that certificate, as by a
// renewal. Anybody else hears what he always heard.
Issuer::Judged Issuer::sign_once_more(const Sha256Digest& token, Asked& asked, Sight sight) {
  Error unknown = token_fault("the join token is unknown or was used");
  Result<Csr> csr = Csr::parse_pem(asked.csr_pem);
  std::optional<JoinToken> spent;
  if (csr) {
    HEDDLE_TRY(spent, ledger_.find_join_token(attest_retry_hash(token, *csr)));
  }
  if (!spent && sight == Sight::kMaybeOld) return std::optional<LedgerChange>();
  auto serial = spent ? retried_serial(*spent) : std::nullopt;
  if (!serial || spent->expires <= clock_.wall()) return unknown;
  HEDDLE_TRY(std::optional<Lineage> lineage, ledger_.find_lineage(*serial));
  if (!lineage || lineage->identity != spent->identity) return unknown;
  asked.record.subject = lineage->identity;
  return succeed(*std::move(lineage), *serial, *csr, asked);
}

// `on_pod` runs when the cluster said whose pod's the token is.
void Issuer::review(std::string_view token, const std::shared_ptr<Asked>& asked, Task on_pod) {
  if (pods_ == nullptr) return finish(*asked, no_cluster());
  pods_->review(token, [this, asked, on_pod = std::move(on_pod)](Result<ReviewedPod> pod) mutable {
    if (!pod) return finish(*asked, std::move(pod).error());
    if (pod->name.empty() || pod->uid.empty()) {
      return finish(*asked, token_fault(str_cat("the token of ", pod->namespace_name, "/", pod->service_account,
                                                " is bound to no pod")));
    }
    asked->record.pod = text_of(*pod);
    asked->pod = *std::move(pod);
    on_pod();
  });
}

Result<SpiffeId> Issuer::identity_of(const ReviewedPod& pod) const {
  return SpiffeId::for_workload(authority_->trust_domain(), pod.namespace_name, pod.service_account);
}

void Issuer::attest_pod(std::string_view token, std::string_view csr_pem, const Caller& caller, OnSvid done) {
  auto asked = std::make_shared<Asked>(Asked{{"attest", "", ""}, caller, std::string(csr_pem), std::move(done)});
  review(token, asked, [this, asked] {
    Result<SpiffeId> identity = identity_of(*asked->pod);
    if (!identity) return finish(*asked, std::move(identity).error());
    asked->record.subject = identity->text();
    if (!may_attest(asked->pod->uid)) {
      return finish(*asked, make_error(Reason::kRateLimited, "the pod asks for certificates too often"));
    }
    expire_now_and_then();
    tries_.run([this, asked](Sight) { return sign_for_pod(*asked); },
               [this, asked](Result<void> kept) { finish(*asked, std::move(kept)); });
  });
}

Issuer::Judged Issuer::sign_for_pod(Asked& asked) {
  asked.svid.reset();
  HEDDLE_TRY(SpiffeId identity, identity_of(*asked.pod));
  HEDDLE_TRY(Csr csr, Csr::parse_pem(asked.csr_pem));
  HEDDLE_TRY(asked.svid, sign(csr, identity));
  Lineage given{0, identity.text(), asked.svid->serial, "", asked.svid->not_after};
  given.pod = asked.pod->uid;
  return LedgerChange{SaveLineage{std::move(given)}};
}

// Where nobody makes join tokens, which is when others look.
void Issuer::expire_now_and_then() {
  if (clock_.now() < expire_next_) return;
  expire_next_ = clock_.now() + kExpireEvery;
  forget_expired();
}

// A successor that was never seen in use is forgotten.
Issuer::Judged Issuer::succeed(Lineage lineage, std::string_view previous, const Csr& csr, Asked& asked) {
  bool is_kept = lineage.id != 0;
  if (is_kept && !may_renew(lineage.id)) {
    return make_error(Reason::kRateLimited, str_cat(lineage.identity, " renews too often"), Origin::kDownstream);
  }
  HEDDLE_TRY(SpiffeId identity, SpiffeId::parse(lineage.identity));
  HEDDLE_TRY(asked.svid, sign(csr, identity));
  lineage.previous = previous;
  lineage.latest = asked.svid->serial;
  lineage.not_after = asked.svid->not_after;
  return LedgerChange{SaveLineage{std::move(lineage)}};
}

void Issuer::renew(const RenewingPeer& peer, std::string_view csr_pem, const Caller& caller, OnSvid done) {
  AuditRecord record{"renew", peer.identity.text(), ""};
  renew_asked(peer, std::make_shared<Asked>(Asked{std::move(record), caller, std::string(csr_pem), std::move(done)}));
}

void Issuer::renew_pod(const RenewingPeer& peer, std::string_view token, std::string_view csr_pem, const Caller& caller,
                       OnSvid done) {
  AuditRecord record{"renew", peer.identity.text(), ""};
  auto asked = std::make_shared<Asked>(Asked{std::move(record), caller, std::string(csr_pem), std::move(done)});
  review(token, asked, [this, asked, peer] {
    expire_now_and_then();
    renew_asked(peer, asked);
  });
}

void Issuer::renew_asked(const RenewingPeer& peer, const std::shared_ptr<Asked>& asked) {
  tries_.run([this, asked, peer](Sight sight) { return sign_again(peer, *asked, sight); },
             [this, asked, serial = peer.serial](Result<void> kept) {
               if (kept) strangers_.erase(serial);
               finish(*asked, std::move(kept));
             });
}

Result<bool> Issuer::is_of_pods(std::string_view identity) {
  HEDDLE_TRY(std::vector<Lineage> all, ledger_.lineages());
  return std::any_of(all.begin(), all.end(), [identity](const Lineage& lineage) {
    return lineage.identity == identity && !lineage.pod.empty();
  });
}

// What the backup does not know of is taken in, once; of an identity that pods have, with a pod's token. The mark stays
// when the serial is superseded: it must not come back a second time.
Result<std::optional<Lineage>> Issuer::adopt(const RenewingPeer& peer, const Asked& asked, LedgerChange& change) {
  if (!restored_.forgot(peer.not_before)) return std::optional<Lineage>();
  std::string mark = str_cat("adopted:", peer.serial);
  HEDDLE_TRY(std::optional<std::string> adopted, ledger_.meta(mark));
  HEDDLE_TRY(bool is_known, ledger_.knows_identity(peer.identity.text()));
  if (adopted || !is_known) return std::optional<Lineage>();
  HEDDLE_TRY(bool wants_pod, is_of_pods(peer.identity.text()));
  if (wants_pod != asked.pod.has_value()) return std::optional<Lineage>();
  change.push_back(PutMeta{std::move(mark), "", true});
  auto named = strangers_.find(peer.serial);
  std::string node = named == strangers_.end() ? std::string() : named->second;
  std::string pod = asked.pod ? asked.pod->uid : std::string();
  return std::optional<Lineage>(
      {0, peer.identity.text(), peer.serial, "", peer.not_after, std::move(node), std::move(pod)});
}

Issuer::Judged Issuer::sign_again(const RenewingPeer& peer, Asked& asked, Sight sight) {
  asked.svid.reset();
  if (peer.not_after <= clock_.wall()) return needs_token("the certificate has expired");
  if (asked.pod) {
    HEDDLE_TRY(SpiffeId of_pod, identity_of(*asked.pod));
    if (of_pod != peer.identity) return forbidden(str_cat("the token is of ", of_pod.text()));
  }
  HEDDLE_TRY(std::optional<Lineage> lineage, ledger_.find_lineage(peer.serial));
  if (!lineage && sight == Sight::kMaybeOld) return std::optional<LedgerChange>();
  LedgerChange change;
  if (!lineage) {
    HEDDLE_TRY(lineage, adopt(peer, asked, change));
  }
  if (!lineage || lineage->identity != peer.identity.text()) {
    return needs_token(str_cat("serial ", peer.serial, " is unknown here or was superseded"));
  }
  HEDDLE_CHECK_OK(check_pod(*lineage, asked.pod));
  HEDDLE_TRY(Csr csr, Csr::parse_pem(asked.csr_pem));
  HEDDLE_TRY(std::optional<LedgerChange> saved, succeed(*std::move(lineage), peer.serial, csr, asked));
  change.insert(change.end(), saved->begin(), saved->end());
  return change;
}

// The line first: a certificate that may renew is in the audit log though nobody waits for it any more.
void Issuer::finish(Asked& asked, Result<void> kept) {
  Result<SignedSvid> svid = make_error(Reason::kInternal, "nothing was signed");
  if (kept && asked.svid) svid = *std::move(asked.svid);
  if (!kept && asked.svid) svid = not_kept(std::move(kept).error(), asked.svid->serial);
  if (!kept && !asked.svid) svid = std::move(kept).error();
  asked.record.detail = svid ? svid->serial : std::string();
  audit(asked.record, asked.caller, svid);
  bool is_stranger = asked.record.subject.empty();
  if (!svid && is_stranger && svid.error().reason == Reason::kUnauthenticated) svid = refused();
  if (!is_ending_) asked.done(std::move(svid));
}

void Issuer::note_used(std::string_view serial, std::string_view node, OnNoted done) {
  tries_.run([this, serial = std::string(serial),
              node = std::string(node)](Sight sight) { return settle(serial, node, sight); },
             [this, done = std::move(done)](Result<void> noted) mutable {
               if (!is_ending_) done(std::move(noted));
             });
}

Issuer::Judged Issuer::settle(std::string_view serial, std::string_view node, Sight sight) {
  HEDDLE_TRY(std::optional<Lineage> lineage, ledger_.find_lineage(serial));
  if (!lineage && sight == Sight::kMaybeOld) return std::optional<LedgerChange>();
  if (!lineage) {
    note_stranger(serial, node);
    return LedgerChange{};
  }
  bool is_settled = lineage->latest != serial || lineage->previous.empty();
  if (is_settled && lineage->node == node) return LedgerChange{};
  if (!is_settled) lineage->previous.clear();
  lineage->node = node;
  return LedgerChange{SaveLineage{*std::move(lineage)}};
}

// Whose certificate the backup did not know: its name is asked for when it renews, or the old one would be listed
// beside.
void Issuer::note_stranger(std::string_view serial, std::string_view node) {
  bool is_wanted = restored_.keeps_lineages(clock_.wall(), options_.svid_ttl);
  if (is_wanted && strangers_.size() < kMaxStrangers) strangers_.insert_or_assign(std::string(serial), node);
}

Result<SignedSvid> Issuer::sign(const Csr& csr, const SpiffeId& identity) {
  HEDDLE_CHECK_OK(check_not_ours(identity, authority_->trust_domain()));  // a token or certificate from before the rule
  if (!all_signs_.take(clock_.now())) {
    return make_error(Reason::kRateLimited, "too many certificates are asked for at once");
  }
  return authority_->sign(csr, identity, options_.svid_ttl, clock_.wall());
}

bool Issuer::may_renew(int64_t lineage) {
  double per_lifetime = kRenewalsPerLifetime / std::chrono::duration<double>(options_.svid_ttl).count();
  double rate = std::max(kRenewalsPerSecond, per_lifetime);
  return take_one(renewals_, lineage, rate, kRenewalBurst, clock_.now());
}

bool Issuer::may_attest(const std::string& pod) {
  return take_one(attestations_, pod, 1 / std::chrono::duration<double>(kPodAgain).count(), kPodBurst, clock_.now());
}

template <class T>
void Issuer::audit(const AuditRecord& record, const Caller& caller, const Result<T>& result) {
  Result<void> outcome;
  if (!result) outcome = Error(result.error());
  audit_.write(record, caller, outcome, clock_.wall());
}
}  // namespace heddle
