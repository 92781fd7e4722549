#include "control/app/admin_context.h"

#include "control/store/sqlite_schema.h"
#include "lib/base/file.h"
#include "tests/support/slow_ledger.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class KeptLines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class AdminContextTest : public testing::Test {
 protected:
  AdminContextTest() : database_(*SqliteDatabase::open(":memory:")), ledger_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
  }
  AdminContextParts parts(Ledger& ledger, std::string_view name = "one") {
    return {folder_ / std::string(name), Address::loopback(1234), id_, *ca_->roots(), ledger, audit_, clock_.wall()};
  }
  using State = std::optional<Result<AdminContextState>>;
  static OnAdminContext into(State& out) {
    return [&out](Result<AdminContextState> state) { out.emplace(std::move(state)); };
  }
  AdminContextState write_now(std::string_view name = "one") {
    State out;
    Pending token = write_admin_context(parts(ledger_, name), into(out));
    EXPECT_TRUE(out.has_value() && out->has_value());
    return **out;
  }
  bool is_there(std::string_view name) { return read_file(folder_ / std::string(name), 1 << 20).has_value(); }

  TempDir folder_;
  TestClock clock_;
  CertificateAuthority::Ptr ca_ =
      *CertificateAuthority::create_root(*TrustDomain::parse("cluster.local"), 24h * 365, clock_.wall());
  SpiffeId id_ = *SpiffeId::parse("spiffe://cluster.local/heddle/control");
  SqliteDatabase database_;
  SqliteLedger ledger_;
  SlowLedger slow_{ledger_};
  KeptLines audit_;
};

TEST_F(AdminContextTest, TheTokenIsMadeOnceAndGoesOnWorking) {
  EXPECT_EQ(write_now(), AdminContextState::kMade);
  std::string before = *read_file(folder_ / "one", 1 << 20);

  EXPECT_EQ(write_now(), AdminContextState::kKept);

  EXPECT_EQ(*read_file(folder_ / "one", 1 << 20), before);
  EXPECT_EQ(ledger_.admin_tokens()->size(), 1U);
  EXPECT_EQ(audit_.lines.size(), 1U);
}

TEST_F(AdminContextTest, WhereAnotherControlPlaneHasItThereIsNoFile) {
  ASSERT_EQ(write_now("one"), AdminContextState::kMade);

  EXPECT_EQ(write_now("other"), AdminContextState::kMissing);

  EXPECT_FALSE(is_there("other"));
}

TEST_F(AdminContextTest, OfTwoThatStartAtOnceOneMakesIt) {
  State one;
  State other;
  Pending first = write_admin_context(parts(slow_, "one"), into(one));
  Pending second = write_admin_context(parts(slow_, "other"), into(other));
  EXPECT_FALSE(one.has_value());

  slow_.answer_all();

  ASSERT_TRUE(one.has_value() && one->has_value());
  ASSERT_TRUE(other.has_value() && other->has_value());
  EXPECT_EQ(**one, AdminContextState::kMade);
  EXPECT_EQ(**other, AdminContextState::kMissing);
  EXPECT_TRUE(is_there("one"));
  EXPECT_FALSE(is_there("other"));
  EXPECT_EQ(audit_.lines.size(), 1U);
}

TEST_F(AdminContextTest, AnUnreachableLedgerIsAnError) {
  State out;
  Pending token = write_admin_context(parts(slow_), into(out));

  slow_.refuse(Reason::kUnavailable);

  ASSERT_TRUE(out.has_value());
  ASSERT_FALSE(out->has_value());
  EXPECT_EQ(out->error().reason, Reason::kUnavailable);
}

TEST_F(AdminContextTest, ATokenThatWasKeptUnconfirmedIsFoundByTheNextTry) {
  AdminContextParts given = parts(slow_);
  given.new_token = "the same in each try";
  State first;
  State again;
  Pending one = write_admin_context(given, into(first));
  Pending other = write_admin_context(given, into(again));

  slow_.lose_answer();
  slow_.answer();

  ASSERT_TRUE(first.has_value() && again.has_value());
  EXPECT_FALSE(first->has_value());
  ASSERT_TRUE(again->has_value()) << again->error().text();
  EXPECT_EQ(**again, AdminContextState::kMade);
  EXPECT_NE(read_file(folder_ / "one", 1 << 20)->find(given.new_token), std::string::npos);
}

TEST_F(AdminContextTest, IsRewrittenWithOtherRootsAndTheSameToken) {
  ASSERT_EQ(write_now(), AdminContextState::kMade);
  std::string before = *read_file(folder_ / "one", 1 << 20);
  ca_ = *CertificateAuthority::create_root(*TrustDomain::parse("cluster.local"), 24h * 365, clock_.wall());

  EXPECT_EQ(*rewrite_admin_context(parts(slow_)), AdminContextState::kKept);

  EXPECT_NE(*read_file(folder_ / "one", 1 << 20), before);
  EXPECT_EQ(slow_.waiting(), 0U) << "a file alone is written";
  ASSERT_TRUE(remove_file(folder_ / "one"));
  EXPECT_EQ(*rewrite_admin_context(parts(slow_)), AdminContextState::kMissing);
}
}  // namespace
}  // namespace heddle
