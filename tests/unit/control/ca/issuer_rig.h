// IssuerRig: an Issuer over a ledger in memory, a clock to turn by hand and the lines of the audit log. What answers at
// once is asked in one line.
#pragma once
#include "control/ca/issuer.h"
#include "control/store/sqlite_ledger.h"
#include "control/store/sqlite_schema.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
class RecordingAudit final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines_.emplace_back(line); }
  std::vector<std::string> lines_;
};

// Where an answer goes.
template <class T>
using Answer = std::optional<Result<T>>;

class IssuerRig : public testing::Test {
 protected:
  IssuerRig() : database_(*SqliteDatabase::open(":memory:")), ledger_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
  }
  void start(Ledger& ledger, Issuer::Options options) {
    auto authority = *CertificateAuthority::create_root(*TrustDomain::parse("cluster.local"), 24h * 365, clock_.wall());
    issuer_ = *Issuer::create(authority, ledger, clock_, audit_, options);
  }
  static SpiffeId id(std::string_view account) {
    return *SpiffeId::parse(str_cat("spiffe://cluster.local/ns/default/sa/", account));
  }
  static std::string csr(const SpiffeId& identity) { return Csr::create(**PrivateKey::generate(), identity)->to_pem(); }
  template <class T>
  static auto into(Answer<T>& out) {
    return [&out](Result<T> answer) {
      EXPECT_FALSE(out.has_value()) << "answered twice";
      out.emplace(std::move(answer));
    };
  }
  template <class T>
  static Result<T> said(Answer<T> answer) {
    EXPECT_TRUE(answer.has_value()) << "no answer";
    return answer ? *std::move(answer) : Result<T>(make_error(Reason::kTimeout, "no answer"));
  }

  Result<CreatedToken> create_token(const SpiffeId& identity, Duration ttl) {
    Answer<CreatedToken> out;
    issuer_->create_token(identity, ttl, {}, into(out));
    return said(std::move(out));
  }
  std::string token_for(std::string_view account, Duration ttl = 600s) { return create_token(id(account), ttl)->token; }
  Result<SignedSvid> attest_with(std::string_view token, std::string_view csr_pem, const Caller& caller = {}) {
    Answer<SignedSvid> out;
    issuer_->attest(token, csr_pem, caller, into(out));
    return said(std::move(out));
  }
  Result<SignedSvid> attest(std::string_view token, std::string_view account = "web") {
    return attest_with(token, csr(id(account)), {"r1", "", "10.0.0.9:4711"});
  }
  Result<SignedSvid> renew_with(const RenewingPeer& peer, std::string_view csr_pem) {
    Answer<SignedSvid> out;
    issuer_->renew(peer, csr_pem, {}, into(out));
    return said(std::move(out));
  }
  Result<SignedSvid> renew(const SignedSvid& held, std::string_view account = "web") {
    return renew_with({id(account), held.serial, held.not_after, held.not_before}, csr(id(account)));
  }
  Result<void> note_used(std::string_view serial, std::string_view node) {
    Answer<void> out;
    issuer_->note_used(serial, node, into(out));
    return said(std::move(out));
  }
  TestClock clock_;
  SqliteDatabase database_;
  SqliteLedger ledger_;
  RecordingAudit audit_;
  std::unique_ptr<Issuer> issuer_;
};
}  // namespace heddle
