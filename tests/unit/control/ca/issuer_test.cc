#include "control/ca/issuer.h"

#include "control/ca/key_store.h"
#include "tests/unit/control/ca/issuer_rig.h"

namespace heddle {
namespace {
class IssuerTest : public IssuerRig {
 protected:
  IssuerTest() { start({}); }
  void start(Issuer::Options options) { IssuerRig::start(ledger_, options); }
  // What the ledger knows of certificates is what it knew at the backup, made now; the restore follows `after`.
  void lose_and_restore(Duration after, UniqueFunction<void()> meanwhile) {
    std::vector<Lineage> known = *ledger_.lineages();
    ASSERT_TRUE(put_time(kBackedUpAt));
    meanwhile();
    ASSERT_TRUE(database_.execute("DELETE FROM lineage").has_value());
    for (const Lineage& lineage : known) ASSERT_TRUE(insert(lineage).has_value());
    clock_.advance(after);
    ASSERT_TRUE(put_time(kRestoredAt));
    start({});
  }
  Result<void> put_time(std::string_view name) {
    return ledger_.apply({PutMeta{std::string(name), std::to_string(clock_.wall().since_epoch().count())}});
  }
  Result<void> insert(Lineage lineage) {
    lineage.id = 0;
    return ledger_.apply({SaveLineage{std::move(lineage)}});
  }
};

TEST_F(IssuerTest, ATokenGivesItsIdentityOnce) {
  std::string token = token_for("web");

  Result<SignedSvid> first = attest(token);
  Result<SignedSvid> second = attest(token);

  ASSERT_TRUE(first.has_value()) << first.error().text();
  EXPECT_EQ(first->not_after, clock_.wall() + 24h);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, Reason::kUnauthenticated);
}

TEST_F(IssuerTest, TokensAre128RandomBitsAndNotStored) {
  std::string one = token_for("web");
  std::string other = token_for("web");

  EXPECT_EQ(one.size(), 22U);
  EXPECT_NE(one, other);
  EXPECT_TRUE((*ledger_.find_join_token(sha256(as_bytes(one)))).has_value());
  EXPECT_EQ(*database_.query_integer(str_cat("SELECT count(*) FROM join_token WHERE hash = '", one, "'")), 0);
}

TEST_F(IssuerTest, NobodyGetsTheIdentityOfTheControlPlane) {
  SpiffeId own = *control_identity(*TrustDomain::parse("cluster.local"));

  Result<CreatedToken> token = create_token(own, 60s);

  ASSERT_FALSE(token.has_value());
  EXPECT_EQ(token.error().reason, Reason::kForbidden);
  EXPECT_TRUE(ledger_.join_tokens()->empty());
  EXPECT_TRUE(create_token(*SpiffeId::parse("spiffe://cluster.local/ns/heddle-system/sa/web"), 60s));
}

// From before the rule.
TEST_F(IssuerTest, ATokenOrACertificateOfTheControlPlanesIdentityIsWorthNothing) {
  SpiffeId own = *control_identity(*TrustDomain::parse("cluster.local"));
  WallTime now = clock_.wall();
  ASSERT_TRUE(ledger_.apply({AddJoinToken{sha256(as_bytes("old")), {"0a", own.text(), now, now + 60s}}}).has_value());
  ASSERT_TRUE(insert({0, own.text(), "0b", "", now + 24h}).has_value());

  EXPECT_EQ(attest_with("old", csr(own)).error().reason, Reason::kForbidden);
  EXPECT_EQ(renew_with({own, "0b", now + 24h, now}, csr(own)).error().reason, Reason::kForbidden);
}

TEST_F(IssuerTest, AnExpiredTokenIsRefusedAndForgotten) {
  std::string token = token_for("web", 10s);
  clock_.advance(10s);

  EXPECT_EQ(attest(token).error().reason, Reason::kUnauthenticated);

  EXPECT_TRUE(ledger_.join_tokens()->empty());
}

TEST_F(IssuerTest, TheUnauthenticatedLearnNothing) {
  std::string expired = token_for("web", 10s);
  clock_.advance(10s);

  std::vector<std::string> details;
  for (std::string_view token : {std::string_view(expired), std::string_view("guess"), std::string_view("")}) {
    details.push_back(attest(token).error().detail);
  }

  EXPECT_EQ(details, std::vector<std::string>(3, "attestation refused"));
  EXPECT_NE(audit_.lines_[1].find("has expired"), std::string::npos);
}

TEST_F(IssuerTest, TheIdentityComesFromTheTokenNotFromTheRequest) {
  std::string token = token_for("web");

  Result<SignedSvid> other = attest(token, "admin");

  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().reason, Reason::kForbidden);
  EXPECT_TRUE(attest(token, "web").has_value()) << "a refused request must not burn the token";
}

TEST_F(IssuerTest, ABadRequestDoesNotBurnTheToken) {
  std::string token = token_for("web");

  EXPECT_EQ(attest_with(token, "garbage").error().reason, Reason::kBadRequest);

  EXPECT_TRUE(attest(token).has_value());
}

TEST_F(IssuerTest, TokensAreForWorkloadsOfTheOwnDomain) {
  EXPECT_EQ(create_token(*SpiffeId::parse("spiffe://other/ns/a/sa/b"), 60s).error().reason, Reason::kBadRequest);
  EXPECT_EQ(create_token(*SpiffeId::parse("spiffe://cluster.local"), 60s).error().reason, Reason::kBadRequest);
  EXPECT_EQ(create_token(id("web"), 25h).error().reason, Reason::kBadRequest);
  EXPECT_EQ(create_token(id("web"), 0s).error().reason, Reason::kBadRequest);
}

TEST_F(IssuerTest, RenewsWithTheCurrentCertificate) {
  SignedSvid first = *attest(token_for("web"));
  clock_.advance(12h);

  Result<SignedSvid> second = renew(first);

  ASSERT_TRUE(second.has_value()) << second.error().text();
  EXPECT_NE(second->serial, first.serial);
  EXPECT_EQ(second->not_after, clock_.wall() + 24h);
}

TEST_F(IssuerTest, ALostAnswerMayBeAskedAgain) {
  SignedSvid first = *attest(token_for("web"));
  ASSERT_TRUE(renew(first).has_value());

  EXPECT_TRUE(renew(first).has_value());
}

TEST_F(IssuerTest, ASupersededSerialIsRefusedOnceTheNewOneRenewed) {
  SignedSvid first = *attest(token_for("web"));
  SignedSvid second = *renew(first);
  ASSERT_TRUE(renew(second).has_value());

  Result<SignedSvid> copy = renew(first);

  ASSERT_FALSE(copy.has_value());
  EXPECT_EQ(copy.error().reason, Reason::kUnauthenticated);
  EXPECT_NE(copy.error().detail.find("new join token"), std::string::npos);
}

TEST_F(IssuerTest, ASupersededSerialIsRefusedOnceTheNewOneWasSeen) {
  SignedSvid first = *attest(token_for("web"));
  SignedSvid second = *renew(first);
  ASSERT_TRUE(note_used(second.serial, "web-1").has_value());

  EXPECT_EQ(renew(first).error().reason, Reason::kUnauthenticated);
  EXPECT_TRUE(renew(second).has_value());
}

TEST_F(IssuerTest, TheNameOfWhoUsesACertificateIsKept) {
  SignedSvid first = *attest(token_for("web"));
  ASSERT_TRUE(note_used(first.serial, "web-1").has_value());
  SignedSvid second = *renew(first);

  EXPECT_EQ((*ledger_.find_lineage(second.serial))->node, "web-1");
}

TEST_F(IssuerTest, SeeingTheOldOneInUseKeepsItsRight) {
  SignedSvid first = *attest(token_for("web"));
  ASSERT_TRUE(renew(first).has_value());
  ASSERT_TRUE(note_used(first.serial, "web-1").has_value());

  EXPECT_TRUE(renew(first).has_value());
}

TEST_F(IssuerTest, WhatWasGivenOutAfterTheBackupRenewsOnceMoreAndGoesOnFromThere) {
  SignedSvid held = *attest(token_for("web"));
  lose_and_restore(3h, [&] {
    for (int i = 0; i < 3; ++i) {
      clock_.advance(12h);
      held = *renew(held);
    }
  });

  Result<SignedSvid> next = renew(held);

  ASSERT_TRUE(next.has_value()) << next.error().text();
  ASSERT_TRUE(note_used(next->serial, "web-1").has_value());
  EXPECT_EQ(renew(held).error().reason, Reason::kUnauthenticated) << "a copy of it lives on";
  EXPECT_TRUE(renew(*next).has_value());
}

TEST_F(IssuerTest, WhoRenewsAfterARestoreIsNotListedTwice) {
  SignedSvid held = *attest(token_for("web"));
  ASSERT_TRUE(note_used(held.serial, "web-1").has_value());
  lose_and_restore(3h, [&] { held = *renew(held); });
  ASSERT_TRUE(note_used(held.serial, "web-1").has_value());

  Result<SignedSvid> next = renew(held);

  ASSERT_TRUE(next.has_value()) << next.error().text();
  std::optional<Lineage> lineage = *ledger_.find_lineage(next->serial);
  ASSERT_TRUE(lineage.has_value());
  EXPECT_EQ(lineage->node, "web-1");
}

TEST_F(IssuerTest, TheKnownIdentitiesOutliveTheirCertificatesForALifetimeAfterARestore) {
  SignedSvid held = *attest(token_for("web"));
  lose_and_restore(1h, [&] {
    for (int i = 0; i < 3; ++i) {
      clock_.advance(12h);
      held = *renew(held);
    }
  });

  token_for("another");  // expires what is past

  EXPECT_TRUE(renew(held).has_value());
  clock_.advance(24h);
  token_for("another");
  ASSERT_EQ(ledger_.lineages()->size(), 1U) << "the one that renewed";
}

TEST_F(IssuerTest, ARestoreBringsNoSupersededCertificateBack) {
  SignedSvid before = *attest(token_for("web"));
  SignedSvid held = *renew(before);
  ASSERT_TRUE(note_used(held.serial, "web-1").has_value());
  clock_.advance(2min);

  lose_and_restore(2min, [] {});
  SignedSvid next = *renew(held);
  ASSERT_TRUE(note_used(next.serial, "web-1").has_value());

  EXPECT_EQ(renew(before).error().reason, Reason::kUnauthenticated);
  EXPECT_EQ(renew(held).error().reason, Reason::kUnauthenticated);
}

TEST_F(IssuerTest, AnIdentityThatTheBackupDoesNotKnowNeedsAToken) {
  ASSERT_TRUE(attest(token_for("web")).has_value());
  std::optional<SignedSvid> other;
  lose_and_restore(1h, [&] {
    clock_.advance(1h);
    other = *attest(token_for("api"), "api");
  });

  EXPECT_EQ(renew(*other, "api").error().reason, Reason::kUnauthenticated);
}

TEST_F(IssuerTest, WithoutARestoreAnUnknownSerialNeedsAToken) {
  SignedSvid held = *attest(token_for("web"));
  ASSERT_TRUE(attest(token_for("web")).has_value());
  ASSERT_TRUE(database_.execute(str_cat("DELETE FROM lineage WHERE latest = '", held.serial, "'").c_str()).has_value());

  EXPECT_EQ(renew(held).error().reason, Reason::kUnauthenticated);
}

TEST_F(IssuerTest, AnExpiredCertificateNeedsAToken) {
  SignedSvid first = *attest(token_for("web"));
  clock_.advance(24h);

  EXPECT_NE(renew(first).error().detail.find("expired"), std::string::npos);
}

TEST_F(IssuerTest, ASerialRenewsItsOwnIdentityOnly) {
  SignedSvid first = *attest(token_for("web"));

  EXPECT_EQ(renew(first, "admin").error().reason, Reason::kUnauthenticated);
  EXPECT_EQ(renew_with({id("web"), first.serial, first.not_after}, csr(id("admin"))).error().reason,
            Reason::kForbidden);
}

TEST_F(IssuerTest, SidecarsOfOneIdentityRenewIndependently) {
  SignedSvid one = *attest(token_for("web"));
  SignedSvid other = *attest(token_for("web"));
  SignedSvid one_next = *renew(one);
  ASSERT_TRUE(note_used(one_next.serial, "web-1").has_value());

  EXPECT_TRUE(renew(other).has_value());
}

TEST_F(IssuerTest, RenewingTooOftenIsRateLimitedForThatSidecarOnly) {
  SignedSvid held = *attest(token_for("web"));
  SignedSvid other = *attest(token_for("web"));
  for (int i = 0; i < 5; ++i) held = *renew(held);

  EXPECT_EQ(renew(held).error().reason, Reason::kRateLimited);
  EXPECT_TRUE(renew(other).has_value());
  clock_.advance(12s);
  EXPECT_TRUE(renew(held).has_value());
}

TEST_F(IssuerTest, AShortLifetimeAllowsFourRenewalsInEach) {
  start({.svid_ttl = 10s});
  SignedSvid held = *attest(token_for("web"));

  for (int i = 0; i < 100; ++i) {
    clock_.advance(2500ms);
    Result<SignedSvid> next = renew(held);
    ASSERT_TRUE(next.has_value()) << next.error().text();
    held = *next;
  }
}

TEST_F(IssuerTest, LifetimesBelowFiveSecondsAreRefusedAndShortOnesWarned) {
  auto authority = *CertificateAuthority::create_root(*TrustDomain::parse("cluster.local"), 24h, clock_.wall());

  EXPECT_EQ(Issuer::create(authority, ledger_, clock_, audit_, {.svid_ttl = 4s}).error().reason,
            Reason::kConfigInvalid);
  EXPECT_NE((*Issuer::create(authority, ledger_, clock_, audit_, {.svid_ttl = 10s}))->warning(), "");
  EXPECT_EQ(issuer_->warning(), "");
}

TEST_F(IssuerTest, EveryDecisionIsOneEscapedAuditLine) {
  std::string token = token_for("web");
  static_cast<void>(attest_with("no", csr(id("web")), {"r\n7", "", "evil\"\x1b[0m"}));
  ASSERT_TRUE(attest(token).has_value());

  ASSERT_EQ(audit_.lines_.size(), 3U);
  JsonValue created = *JsonValue::parse(audit_.lines_[0]);
  JsonValue denied = *JsonValue::parse(audit_.lines_[1]);
  JsonValue signed_line = *JsonValue::parse(audit_.lines_[2]);
  EXPECT_EQ(created.find("audit")->as_string(), "token-create");
  EXPECT_EQ(denied.find("status")->as_string(), "unauthenticated");
  EXPECT_EQ(denied.find("request_id")->as_string(), "r\n7");
  EXPECT_EQ(audit_.lines_[1].find('\n'), std::string::npos);
  EXPECT_EQ(audit_.lines_[1].find('\x1b'), std::string::npos);
  EXPECT_EQ(signed_line.find("status")->as_string(), "ok");
  EXPECT_EQ(signed_line.find("caller_addr")->as_string(), "10.0.0.9:4711");
  EXPECT_EQ(signed_line.find("subject")->as_string(), "spiffe://cluster.local/ns/default/sa/web");
  for (const std::string& line : audit_.lines_) EXPECT_EQ(line.find(token), std::string::npos);
}
}  // namespace
}  // namespace heddle
