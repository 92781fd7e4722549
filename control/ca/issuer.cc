#include "control/ca/issuer.h"

#include <algorithm>

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

Error token_fault(std::string_view why) {
  return make_error(Reason::kUnauthenticated, std::string(why), Origin::kDownstream);
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
      all_signs_(options.signs_per_second, std::max(1.0, options.signs_per_second), clock.now()) {}

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

Result<CreatedToken> Issuer::create_token(const SpiffeId& identity, Duration ttl, const Caller& caller) {
  Result<CreatedToken> created = make_token(identity, ttl);
  audit({"token-create", identity.text(), created ? created->id : std::string()}, caller, created);
  return created;
}

Result<CreatedToken> Issuer::make_token(const SpiffeId& identity, Duration ttl) {
  if (identity.trust_domain_name() != authority_->trust_domain().name() || identity.path().empty()) {
    return make_error(Reason::kBadRequest,
                      str_cat(identity.text(), " is not the id of a workload of ", authority_->trust_domain().name()));
  }
  if (ttl < 1s || ttl > kMaxTokenTtl) {
    return make_error(Reason::kBadRequest, "the ttl of a join token must be between 1s and 24h");
  }
  WallTime now = clock_.wall();
  bool keeps_all = restored_.keeps_lineages(now, options_.svid_ttl);
  HEDDLE_CHECK_OK(ledger_.expire(now, keeps_all ? WallTime() : now - Ledger::kKeepExpired));
  std::string token = to_base64url(random_bytes<kTokenBytes>());
  CreatedToken out{to_hex(random_bytes<kIdBytes>()), std::move(token), now + ttl};
  HEDDLE_CHECK_OK(ledger_.add_join_token(sha256(as_bytes(out.token)), {out.id, identity.text(), now, out.expires}));
  return out;
}

Result<SignedSvid> Issuer::attest(std::string_view token, std::string_view csr_pem, const Caller& caller) {
  std::string subject;
  Result<SignedSvid> signed_svid = sign_for_token(token, csr_pem, subject);
  bool is_known = !subject.empty();
  audit({"attest", std::move(subject), signed_svid ? signed_svid->serial : std::string()}, caller, signed_svid);
  if (!signed_svid && !is_known) return refused();
  return signed_svid;
}

// The token is looked up by its hash, which tells an observer of the time taken nothing about it. It is spent only
// when the certificate exists. `subject` stays empty until the token proved good.
Result<SignedSvid> Issuer::sign_for_token(std::string_view token, std::string_view csr_pem, std::string& subject) {
  if (token.empty() || token.size() > kMaxTokenText) return token_fault("no join token of that form");
  Sha256Digest hash = sha256(as_bytes(token));
  HEDDLE_TRY(std::optional<JoinToken> found, ledger_.find_join_token(hash));
  if (!found) return token_fault("the join token is unknown or was used");
  if (found->expires <= clock_.wall()) {
    HEDDLE_CHECK_OK(ledger_.take_join_token(hash));
    return token_fault(str_cat("the join token ", found->id, " has expired"));
  }
  subject = found->identity;
  HEDDLE_TRY(SpiffeId identity, SpiffeId::parse(found->identity));
  HEDDLE_TRY(Csr csr, Csr::parse_pem(csr_pem));
  HEDDLE_TRY(SignedSvid svid, sign(csr, identity));
  HEDDLE_TRY(std::optional<JoinToken> taken, ledger_.take_join_token(hash));
  if (!taken) return token_fault("the join token is unknown or was used");
  HEDDLE_CHECK_OK(ledger_.save_lineage({0, identity.text(), svid.serial, "", svid.not_after}));
  return svid;
}

Result<SignedSvid> Issuer::renew(const RenewingPeer& peer, std::string_view csr_pem, const Caller& caller) {
  Result<SignedSvid> signed_svid = sign_again(peer, csr_pem);
  audit({"renew", peer.identity.text(), signed_svid ? signed_svid->serial : std::string()}, caller, signed_svid);
  return signed_svid;
}

// What the backup does not know of is taken in, once.
Result<std::optional<Lineage>> Issuer::lineage_of(const RenewingPeer& peer) {
  HEDDLE_TRY(std::optional<Lineage> lineage, ledger_.find_lineage(peer.serial));
  if (lineage || !restored_.forgot(peer.not_before)) return lineage;
  HEDDLE_TRY(bool is_known, ledger_.knows_identity(peer.identity.text()));
  if (!is_known) return lineage;
  auto named = strangers_.extract(peer.serial);
  std::string node = named ? std::move(named.mapped()) : std::string();
  HEDDLE_TRY(bool is_new, ledger_.adopt_lineage({0, peer.identity.text(), peer.serial, "", peer.not_after, node}));
  if (!is_new) return lineage;
  return ledger_.find_lineage(peer.serial);
}

Result<SignedSvid> Issuer::sign_again(const RenewingPeer& peer, std::string_view csr_pem) {
  if (peer.not_after <= clock_.wall()) return needs_token("the certificate has expired");
  HEDDLE_TRY(std::optional<Lineage> lineage, lineage_of(peer));
  if (!lineage || lineage->identity != peer.identity.text()) {
    return needs_token(str_cat("serial ", peer.serial, " is unknown here or was superseded"));
  }
  HEDDLE_TRY(Csr csr, Csr::parse_pem(csr_pem));
  if (!may_renew(lineage->id)) {
    return make_error(Reason::kRateLimited, str_cat(peer.identity.text(), " renews too often"), Origin::kDownstream);
  }
  HEDDLE_TRY(SignedSvid svid, sign(csr, peer.identity));
  lineage->previous = peer.serial;  // a successor that was never seen in use is forgotten
  lineage->latest = svid.serial;
  lineage->not_after = svid.not_after;
  HEDDLE_CHECK_OK(ledger_.save_lineage(*lineage));
  return svid;
}

Result<void> Issuer::note_used(std::string_view serial, std::string_view node) {
  HEDDLE_TRY(std::optional<Lineage> lineage, ledger_.find_lineage(serial));
  if (!lineage) {
    note_stranger(serial, node);
    return {};
  }
  bool is_settled = lineage->latest != serial || lineage->previous.empty();
  if (is_settled && lineage->node == node) return {};
  if (!is_settled) lineage->previous.clear();
  lineage->node = node;
  return ledger_.save_lineage(*lineage);
}

// Whose certificate the backup did not know: its name is asked for when it renews, or the old one would be listed
// beside.
void Issuer::note_stranger(std::string_view serial, std::string_view node) {
  bool is_wanted = restored_.keeps_lineages(clock_.wall(), options_.svid_ttl);
  if (is_wanted && strangers_.size() < kMaxStrangers) strangers_.insert_or_assign(std::string(serial), node);
}

Result<SignedSvid> Issuer::sign(const Csr& csr, const SpiffeId& identity) {
  if (!all_signs_.take(clock_.now())) {
    return make_error(Reason::kRateLimited, "too many certificates are asked for at once");
  }
  return authority_->sign(csr, identity, options_.svid_ttl, clock_.wall());
}

bool Issuer::may_renew(int64_t lineage) {
  MonoTime now = clock_.now();
  if (renewals_.size() >= kManyBuckets) {
    std::erase_if(renewals_, [now](const auto& entry) { return entry.second.is_full(now); });
  }
  double per_lifetime = kRenewalsPerLifetime / std::chrono::duration<double>(options_.svid_ttl).count();
  double rate = std::max(kRenewalsPerSecond, per_lifetime);
  return renewals_.try_emplace(lineage, rate, kRenewalBurst, now).first->second.take(now);
}

template <class T>
void Issuer::audit(const AuditRecord& record, const Caller& caller, const Result<T>& result) {
  Result<void> outcome;
  if (!result) outcome = Error(result.error());
  audit_.write(record, caller, outcome, clock_.wall());
}
}  // namespace heddle
