// The issuer over a ledger that takes its time, fails, or is shared with other control planes.
#include "tests/support/slow_ledger.h"
#include "tests/unit/control/ca/issuer_rig.h"

namespace heddle {
namespace {
class IssuerLedgerTest : public IssuerRig {
 protected:
  IssuerLedgerTest() { restart(); }
  void restart() { start(slow_, {}); }
  // As another control plane, or this one earlier, would have made it.
  LedgerChange join_token(std::string_view token) {
    return {AddJoinToken{sha256(as_bytes(token)), {"id1", id("web").text(), clock_.wall(), clock_.wall() + 600s}}};
  }
  void keep_token(std::string_view token) { ASSERT_TRUE(ledger_.apply(join_token(token))); }
  bool has_token(std::string_view token) { return ledger_.find_join_token(sha256(as_bytes(token)))->has_value(); }
  void ask(std::string_view token, Answer<SignedSvid>& out) {
    issuer_->attest(token, csr(id("web")), {"r1", "", "10.0.0.9:1"}, into(out));
  }
  void ask_again(const SignedSvid& held, Answer<SignedSvid>& out) {
    issuer_->renew({id("web"), held.serial, held.not_after, held.not_before}, csr(id("web")), {}, into(out));
  }
  SignedSvid attested() {
    keep_token("first");
    Answer<SignedSvid> out;
    ask("first", out);
    slow_.answer_all();
    return *said(std::move(out));
  }
  std::string last_line() const { return audit_.lines_.empty() ? std::string() : audit_.lines_.back(); }
  std::string last(std::string_view field) const {
    Result<JsonValue> line = JsonValue::parse(last_line());
    auto found = line ? line->find(field) : std::nullopt;
    return std::string(found ? found->as_string().value_or("") : "");
  }
  SlowLedger slow_{ledger_};
};

TEST_F(IssuerLedgerTest, TwoAttestationsAtOnceOfOneTokenGiveOneCertificate) {
  keep_token("t");
  Answer<SignedSvid> one;
  Answer<SignedSvid> other;
  ask("t", one);
  ask("t", other);
  EXPECT_EQ(slow_.waiting(), 2U);
  EXPECT_FALSE(one.has_value()) << "the ledger does not have it yet";

  slow_.answer_all();

  Result<SignedSvid> first = said(std::move(one));
  Result<SignedSvid> second = said(std::move(other));
  ASSERT_TRUE(first.has_value()) << first.error().text();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, Reason::kUnauthenticated);
  ASSERT_EQ(ledger_.lineages()->size(), 1U);
  EXPECT_EQ((*ledger_.lineages())[0].latest, first->serial);
}

TEST_F(IssuerLedgerTest, AnUnreachableLedgerSpendsNoToken) {
  keep_token("t");
  Answer<SignedSvid> lost;
  ask("t", lost);

  slow_.refuse(Reason::kUnavailable);

  EXPECT_EQ(said(std::move(lost)).error().reason, Reason::kUnavailable);
  EXPECT_EQ(last("status"), "unavailable");
  EXPECT_TRUE(has_token("t"));
  EXPECT_TRUE(ledger_.lineages()->empty());
  Answer<SignedSvid> again;
  ask("t", again);
  slow_.answer_all();
  EXPECT_TRUE(said(std::move(again)).has_value());
}

// The token is spent, and nobody has what it gave.
class LostAttestation : public IssuerLedgerTest {
 protected:
  LostAttestation() {
    keep_token("t");
    Answer<SignedSvid> lost;
    issuer_->attest("t", request_, {}, into(lost));
    slow_.lose_answer();
    EXPECT_EQ(said(std::move(lost)).error().reason, Reason::kUnavailable);
    EXPECT_FALSE(has_token("t"));
    first_ = (*ledger_.lineages())[0].latest;
  }
  Result<SignedSvid> retry(std::string_view token, const std::string& request) {
    Answer<SignedSvid> out;
    issuer_->attest(token, request, {}, into(out));
    slow_.answer_all();
    return said(std::move(out));
  }
  std::string request_ = csr(id("web"));
  std::string first_;
};

TEST_F(LostAttestation, TheSameKeyGetsTheSuccessorInTheSameLineage) {
  for (int i = 0; i < 2; ++i) {
    Result<SignedSvid> again = retry("t", request_);

    ASSERT_TRUE(again.has_value()) << again.error().text();
    ASSERT_EQ(ledger_.lineages()->size(), 1U);
    Lineage lineage = (*ledger_.lineages())[0];
    EXPECT_EQ(lineage.latest, again->serial);
    EXPECT_EQ(lineage.previous, first_);
    EXPECT_EQ(last("status"), "ok");
  }
}

TEST_F(LostAttestation, NobodyElseGetsAnything) {
  EXPECT_EQ(retry("t", csr(id("web"))).error().detail, "attestation refused") << "another key";
  EXPECT_EQ(retry("u", request_).error().detail, "attestation refused") << "another token";
  EXPECT_EQ(retry("t", "garbage").error().detail, "attestation refused");
  EXPECT_EQ((*ledger_.lineages())[0].latest, first_);
}

TEST_F(LostAttestation, NotForEverAndNotOnceItsSuccessorIsUsed) {
  Result<SignedSvid> again = retry("t", request_);
  ASSERT_TRUE(again.has_value());
  Answer<void> noted;
  issuer_->note_used(again->serial, "web-1", into(noted));
  slow_.answer_all();
  EXPECT_FALSE(retry("t", request_).has_value());
}

TEST_F(LostAttestation, EndsWithTheMinutes) {
  clock_.advance(5min);

  EXPECT_EQ(retry("t", request_).error().detail, "attestation refused");
}

TEST_F(IssuerLedgerTest, ATokenThatAnotherControlPlaneMadeIsFound) {
  slow_.elsewhere(join_token("t"));
  Answer<SignedSvid> out;
  ask("t", out);
  EXPECT_TRUE(slow_.is_sync());

  slow_.answer_all();

  EXPECT_TRUE(said(std::move(out)).has_value());
}

TEST_F(IssuerLedgerTest, ATokenIsNotCalledUnknownWhileTheLedgerIsOutOfReach) {
  Answer<SignedSvid> out;
  ask("t", out);
  slow_.refuse(Reason::kUnavailable);
  EXPECT_EQ(said(std::move(out)).error().reason, Reason::kUnavailable);

  Answer<SignedSvid> known;
  ask("t", known);
  slow_.answer();
  EXPECT_EQ(said(std::move(known)).error().detail, "attestation refused");
  EXPECT_EQ(slow_.waiting(), 0U);
}

TEST_F(IssuerLedgerTest, WhatIsWrongWithARequestIsSaidWithoutTheLedger) {
  keep_token("t");
  Answer<SignedSvid> out;
  issuer_->attest("t", "garbage", {}, into(out));

  EXPECT_EQ(said(std::move(out)).error().reason, Reason::kBadRequest);
  EXPECT_EQ(slow_.waiting(), 0U);
}

TEST_F(IssuerLedgerTest, ACertificateIsALineOnceItIsKeptThoughNobodyListens) {
  keep_token("t");
  issuer_->attest("t", csr(id("web")), {}, [](const Result<SignedSvid>&) {});
  EXPECT_TRUE(audit_.lines_.empty());

  slow_.answer_all();

  ASSERT_EQ(ledger_.lineages()->size(), 1U);
  EXPECT_EQ(last("status"), "ok");
  EXPECT_EQ(last("detail"), (*ledger_.lineages())[0].latest);
}

TEST_F(IssuerLedgerTest, AnEndWithAChangeUnderWayIsALineAndNoAnswer) {
  keep_token("t");
  Answer<SignedSvid> out;
  ask("t", out);

  issuer_.reset();

  EXPECT_FALSE(out.has_value());
  EXPECT_EQ(last("status"), "cancelled");
  EXPECT_EQ(last("detail").find("certificate "), 0U) << last_line();
  slow_.answer_all();
  EXPECT_FALSE(out.has_value());
  EXPECT_EQ(audit_.lines_.size(), 1U);
}

TEST_F(IssuerLedgerTest, WhoRenewsAfterALostAnswerGoesOn) {
  SignedSvid held = attested();
  Answer<SignedSvid> lost;
  ask_again(held, lost);
  slow_.lose_answer();
  EXPECT_EQ(said(std::move(lost)).error().reason, Reason::kUnavailable);

  Answer<SignedSvid> again;
  ask_again(held, again);
  slow_.answer_all();

  EXPECT_TRUE(said(std::move(again)).has_value());
}

TEST_F(IssuerLedgerTest, ARenewalIsJudgedAnewWhereAnotherControlPlaneWasFaster) {
  SignedSvid held = attested();
  Answer<SignedSvid> out;
  ask_again(held, out);
  slow_.refuse(Reason::kConflict);
  EXPECT_TRUE(slow_.is_sync());
  EXPECT_FALSE(out.has_value());

  slow_.answer_all();

  Result<SignedSvid> next = said(std::move(out));
  ASSERT_TRUE(next.has_value()) << next.error().text();
  EXPECT_EQ((*ledger_.lineages())[0].latest, next->serial);
}

TEST_F(IssuerLedgerTest, WhatWasSupersededElsewhereMeanwhileIsRefused) {
  SignedSvid held = attested();
  Answer<SignedSvid> out;
  ask_again(held, out);
  Lineage moved = (*ledger_.lineages())[0];
  moved.latest = "beef";
  slow_.elsewhere({SaveLineage{moved}});

  slow_.refuse(Reason::kConflict);
  slow_.answer();

  EXPECT_EQ(said(std::move(out)).error().reason, Reason::kUnauthenticated);
  EXPECT_EQ((*ledger_.lineages())[0].latest, "beef");
}

TEST_F(IssuerLedgerTest, WhoeverIsAlwaysSlowerIsToldToComeAgain) {
  SignedSvid held = attested();
  Answer<SignedSvid> out;
  ask_again(held, out);

  while (!out.has_value()) slow_.is_sync() ? slow_.answer() : slow_.refuse(Reason::kConflict);

  EXPECT_EQ(said(std::move(out)).error().reason, Reason::kUnavailable);
  EXPECT_EQ((*ledger_.lineages())[0].latest, held.serial);
}

TEST_F(IssuerLedgerTest, TheUseOfACertificateThatAnotherControlPlaneGaveIsNoted) {
  slow_.elsewhere({SaveLineage{{0, id("web").text(), "beef", "dead", clock_.wall() + 24h}}});
  Answer<void> noted;
  issuer_->note_used("beef", "web-1", into(noted));

  slow_.answer_all();

  EXPECT_TRUE(said(std::move(noted)).has_value());
  EXPECT_TRUE((*ledger_.lineages())[0].previous.empty());
  EXPECT_EQ((*ledger_.lineages())[0].node, "web-1");
}

TEST_F(IssuerLedgerTest, AStrangerOfARestoreIsTakenInWholeOrNotAtAll) {
  attested();  // so that the identity is known
  RenewingPeer stranger{id("web"), "beef", clock_.wall() + 20h, clock_.wall()};
  auto now = std::to_string((clock_.wall() + 1min).since_epoch().count());
  ASSERT_TRUE(ledger_.apply({PutMeta{std::string(kRestoredAt), now}}));
  restart();
  Answer<SignedSvid> lost;
  issuer_->renew(stranger, csr(id("web")), {}, into(lost));
  slow_.answer();  // the look at what others did
  slow_.refuse(Reason::kUnavailable);
  EXPECT_EQ(said(std::move(lost)).error().reason, Reason::kUnavailable);
  EXPECT_FALSE(ledger_.meta("adopted:beef")->has_value());
  EXPECT_EQ(ledger_.lineages()->size(), 1U);

  Answer<SignedSvid> out;
  issuer_->renew(stranger, csr(id("web")), {}, into(out));
  slow_.answer_all();

  Result<SignedSvid> next = said(std::move(out));
  ASSERT_TRUE(next.has_value()) << next.error().text();
  EXPECT_TRUE(ledger_.meta("adopted:beef")->has_value());
  EXPECT_EQ((*ledger_.find_lineage(next->serial))->previous, "beef");
}

TEST_F(IssuerLedgerTest, AJoinTokenThatIsNotKeptIsNotGiven) {
  Answer<CreatedToken> out;
  issuer_->create_token(id("web"), 60s, {}, into(out));
  slow_.answer();  // what expired is forgotten beside it
  slow_.refuse(Reason::kUnavailable);

  EXPECT_EQ(said(std::move(out)).error().reason, Reason::kUnavailable);
  EXPECT_EQ(last("status"), "unavailable");
  EXPECT_TRUE(ledger_.join_tokens()->empty());
}
}  // namespace
}  // namespace heddle
