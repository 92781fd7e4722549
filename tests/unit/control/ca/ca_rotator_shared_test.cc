// Several control planes whose CA's state is one: who is slower, who follows, who has not got the newest files.
#include "control/ca/ledger_ca_store.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/captured_log.h"
#include "tests/support/held_ledger.h"
#include "tests/support/ledger_now.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/ca/given_fixtures.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
using Phase = RotationPhase;
using Step = RotationStep;

class RecordedLines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

// One control plane.
struct Replica {
  Replica(Ledger& shared, std::string own_folder, const Clock& its_clock)
      : ledger(shared), folder(std::move(own_folder)), clock(its_clock) {}
  // Also what a restart after kill -9 finds.
  Result<void> start(std::optional<GivenCa> given = {}, std::string_view passphrase = "correct horse") {
    rotator.reset();
    auto store = std::make_unique<LedgerCaStore>(ledger, folder, *TrustDomain::parse("cluster.local"),
                                                 KeyForm(Secret(passphrase)));
    HEDDLE_TRY(rotator, open_now({std::move(store), clock, audit, log.log().module("ca"), std::move(given)}));
    rotator->set_on_changed([this](const CaState& state) { told.push_back(state.phase); });
    return {};
  }
  Result<void> step(Step step, StepBy by = StepBy::kSchedule) { return step_now(*rotator, step, {}, {}, by); }
  Phase phase() const { return rotator->state().phase; }
  std::string root() const { return root_pin(*rotator->state().signer); }
  std::string signs_with() const { return rotator->signer()->fingerprint(); }

  HeldLedger ledger;
  std::string folder;
  const Clock& clock;
  RecordedLines audit;
  CapturedLog log;
  std::vector<Phase> told;
  std::unique_ptr<CaRotator> rotator;
};

class SharedRotatorTest : public testing::Test {
 protected:
  std::string text(std::string_view document) { return (*shared_.meta(document)).value_or(""); }
  void put(std::string_view document, std::string text) {
    ASSERT_TRUE(commit_now(shared_, {PutMeta{std::string(document), std::move(text)}}));
  }

  TempDir folder_;
  TestClock clock_;
  TestStore database_;
  SqliteLedger shared_{database_.database};
  Replica a_{shared_, folder_ / "a", clock_};
  Replica b_{shared_, folder_ / "b", clock_};
};

TEST_F(SharedRotatorTest, OneStepsTheOtherFollows) {
  ASSERT_TRUE(a_.start() && b_.start());
  EXPECT_EQ(a_.root(), b_.root());
  for (Step step : {Step::kPrepare, Step::kActivate, Step::kRetire}) {
    ASSERT_TRUE(a_.step(step));

    b_.rotator->on_documents_changed();

    EXPECT_EQ(b_.phase(), a_.phase());
    EXPECT_EQ(b_.signs_with(), a_.signs_with());
    EXPECT_EQ(b_.rotator->bundle()->digest(), a_.rotator->bundle()->digest());
    EXPECT_EQ(b_.rotator->state().sequence, a_.rotator->state().sequence);
  }
  EXPECT_EQ(b_.told, (std::vector<Phase>{Phase::kPrepared, Phase::kActivated, Phase::kSteady}));
  EXPECT_TRUE(b_.audit.lines.empty()) << "it took none of the steps";
  EXPECT_EQ(a_.audit.lines.size(), 3U);
}

TEST_F(SharedRotatorTest, WhatIsKnownAlreadyIsNoNews) {
  ASSERT_TRUE(a_.start() && a_.step(Step::kPrepare));

  a_.rotator->on_documents_changed();

  EXPECT_EQ(a_.told.size(), 1U);
}

TEST_F(SharedRotatorTest, OfTwoThatStepAtOnceOneWinsAndTheOtherKnows) {
  ASSERT_TRUE(a_.start() && b_.start());
  std::optional<Result<void>> answer;
  a_.ledger.hold();
  a_.rotator->step(Step::kPrepare, a_.rotator->plan({}), {}, {"r1", "admin", ""}, StepBy::kOperator,
                   [&](Result<void> taken) { answer = std::move(taken); });
  ASSERT_FALSE(answer);
  ASSERT_TRUE(b_.step(Step::kPrepare));

  a_.ledger.release();

  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().reason, Reason::kConflict);
  EXPECT_NE(answer->error().detail.find("heddle ca status"), std::string::npos) << answer->error().detail;
  EXPECT_NE(a_.audit.lines.back().find(R"("audit":"ca-prepare","status":"conflict")"), std::string::npos);
  EXPECT_EQ(a_.phase(), Phase::kPrepared);
  EXPECT_EQ(a_.rotator->bundle()->digest(), b_.rotator->bundle()->digest());
  EXPECT_TRUE(a_.step(Step::kActivate)) << "from the newest state";
}

TEST_F(SharedRotatorTest, WhoHasNotHeardYetIsSlowerToo) {
  ASSERT_TRUE(a_.start() && b_.start());
  ASSERT_TRUE(b_.step(Step::kPrepare));

  EXPECT_FALSE(a_.step(Step::kPrepare));

  EXPECT_EQ(a_.rotator->bundle()->digest(), b_.rotator->bundle()->digest());
}

TEST_F(SharedRotatorTest, OneStepAtATime) {
  ASSERT_TRUE(a_.start());
  std::optional<Result<void>> answer;
  a_.ledger.hold();
  a_.rotator->step(Step::kPrepare, a_.rotator->plan({}), {}, {}, StepBy::kOperator,
                   [&](Result<void> taken) { answer = std::move(taken); });
  EXPECT_TRUE(a_.rotator->is_busy());

  Result<void> second = a_.step(Step::kPrepare);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, Reason::kConflict);
  EXPECT_EQ(a_.phase(), Phase::kSteady) << "not before it is durable";
  a_.ledger.release();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ(a_.phase(), Phase::kPrepared);
  EXPECT_FALSE(a_.rotator->is_busy());
}

TEST_F(SharedRotatorTest, WhatNobodyConfirmedIsNotDone) {
  ASSERT_TRUE(a_.start());
  std::optional<Result<void>> answer;
  a_.ledger.hold();
  a_.rotator->step(Step::kPrepare, a_.rotator->plan({}), {}, {}, StepBy::kOperator,
                   [&](Result<void> taken) { answer = std::move(taken); });

  a_.ledger.lose();

  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().reason, Reason::kUnavailable);
  EXPECT_EQ(a_.phase(), Phase::kSteady);
  EXPECT_TRUE(a_.step(Step::kPrepare));
}

TEST_F(SharedRotatorTest, ARestartFindsEachPhase) {
  ASSERT_TRUE(a_.start() && b_.start());
  for (Step step : {Step::kPrepare, Step::kAbort, Step::kPrepare, Step::kActivate, Step::kRetire}) {
    ASSERT_TRUE(a_.step(step));

    ASSERT_TRUE(b_.start());

    EXPECT_EQ(b_.phase(), a_.phase());
    EXPECT_EQ(b_.signs_with(), a_.signs_with());
    EXPECT_EQ(b_.rotator->bundle()->digest(), a_.rotator->bundle()->digest());
    EXPECT_EQ(b_.rotator->state().is_aborted, a_.rotator->state().is_aborted);
  }
}

TEST_F(SharedRotatorTest, ADocumentThatCannotBeReadChangesNothingAndStopsEveryStep) {
  ASSERT_TRUE(a_.start());
  std::string good = text("ca.rotation");
  put("ca.rotation", R"({"phase":"later"})");

  a_.rotator->on_documents_changed();

  EXPECT_NE(a_.rotator->lag().find("ca.rotation"), std::string::npos) << a_.rotator->lag();
  EXPECT_TRUE(a_.log.contains("cannot be read"));
  EXPECT_EQ(a_.phase(), Phase::kSteady);
  EXPECT_FALSE(a_.step(Step::kPrepare));
  put("ca.rotation", good);
  a_.rotator->on_documents_changed();
  EXPECT_EQ(a_.rotator->lag(), "");
  EXPECT_TRUE(a_.step(Step::kPrepare));
}

// The authority is given by files, to each control plane its own: no passphrase is needed.
class SharedFilesTest : public SharedRotatorTest {
 protected:
  void SetUp() override { ASSERT_TRUE(a_.start(given_by(root_), "") && b_.start(given_by(root_), "")); }
  // b's files are still those of the old root.
  void step_with_new_files(Step step) {
    ASSERT_TRUE(a_.step(step));
    b_.rotator->on_documents_changed();
  }
  Result<void> give_a(const GivenCa& ca) { return give_now(*a_.rotator, ca); }
  TestCa root_{"cluster.local"};
  TestCa next_{"cluster.local"};
};

TEST_F(SharedFilesTest, EachSignsWithItsOwnCertificateOfOneRoot) {
  EXPECT_EQ(a_.root(), b_.root());
  EXPECT_NE(a_.signs_with(), b_.signs_with());
  EXPECT_EQ(a_.rotator->bundle()->digest(), b_.rotator->bundle()->digest());
}

TEST_F(SharedFilesTest, ANewerCertificateOfTheSameRootIsOfThisControlPlaneAlone) {
  std::string others = b_.signs_with();
  std::string documents = text("ca.authority") + text("ca.rotation");
  GivenCa newer = given_by(root_);

  ASSERT_TRUE(a_.rotator->hold(newer));

  EXPECT_EQ(a_.signs_with(), newer.authority->fingerprint());
  EXPECT_EQ(a_.told.size(), 1U);
  EXPECT_NE(a_.audit.lines.back().find("ca-renew"), std::string::npos);
  EXPECT_EQ(text("ca.authority") + text("ca.rotation"), documents);
  b_.rotator->on_documents_changed();
  EXPECT_EQ(b_.signs_with(), others);
}

TEST_F(SharedFilesTest, OtherRootsOfTheFilesAreForWhoLeads) {
  GivenCa more = given_by(root_, &next_);
  ASSERT_TRUE(b_.rotator->hold(more));
  EXPECT_EQ(b_.rotator->bundle()->pins().size(), 1U);
  EXPECT_TRUE(b_.rotator->is_to_be_given());

  ASSERT_TRUE(give_now(*b_.rotator, GivenCa(*b_.rotator->given())));

  EXPECT_FALSE(b_.rotator->is_to_be_given());
  EXPECT_EQ(b_.rotator->bundle()->pins().size(), 2U);
  a_.rotator->on_documents_changed();
  EXPECT_EQ(a_.rotator->bundle()->digest(), b_.rotator->bundle()->digest());
}

TEST_F(SharedFilesTest, WhoseFilesAreOlderKnowsThePreparedRootAndSignsWithTheOldOne) {
  std::string old = b_.signs_with();
  ASSERT_TRUE(give_a(given_by(next_)));

  step_with_new_files(Step::kPrepare);

  EXPECT_EQ(b_.rotator->bundle()->digest(), a_.rotator->bundle()->digest());
  EXPECT_EQ(b_.signs_with(), old);
  Result<void> refused = b_.step(Step::kActivate);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("--ca-cert-file"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(b_.step(Step::kAbort, StepBy::kOperator)) << "its own files do not say so, but the operator may";
}

TEST_F(SharedFilesTest, WhoseFilesAreOlderSignsWithTheOldRootUntilItIsRetired) {
  std::string old = b_.signs_with();
  ASSERT_TRUE(give_a(given_by(next_)));
  step_with_new_files(Step::kPrepare);
  step_with_new_files(Step::kActivate);
  EXPECT_EQ(b_.root(), root_pin(*a_.rotator->signer())) << "it knows who signs elsewhere";
  EXPECT_EQ(b_.signs_with(), old);
  ASSERT_TRUE(b_.start(given_by(root_), "")) << "as after a restart";
  EXPECT_TRUE(b_.rotator->signer()->has_key());

  step_with_new_files(Step::kRetire);

  EXPECT_FALSE(b_.rotator->signer()->has_key());
  EXPECT_NE(missing_key(b_.rotator->state()), "");
}

TEST_F(SharedFilesTest, NewFilesAreAllItNeeds) {
  ASSERT_TRUE(give_a(given_by(next_)));
  step_with_new_files(Step::kPrepare);
  step_with_new_files(Step::kActivate);
  GivenCa own = given_by(next_);

  ASSERT_TRUE(b_.rotator->hold(own));

  EXPECT_EQ(b_.signs_with(), own.authority->fingerprint());
  EXPECT_EQ(missing_key(b_.rotator->state()), "");
  step_with_new_files(Step::kRetire);
  EXPECT_EQ(b_.signs_with(), own.authority->fingerprint());
}

TEST_F(SharedFilesTest, ARestartWithNewFilesSignsWithTheOldRootStill) {
  std::string old = a_.signs_with();

  ASSERT_TRUE(a_.start(given_by(next_), ""));

  EXPECT_EQ(a_.signs_with(), old);
  ASSERT_TRUE(a_.step(Step::kPrepare) && a_.step(Step::kActivate));
  EXPECT_NE(a_.signs_with(), old);
}

TEST_F(SharedFilesTest, WhoHasNoKeyThatSignsDoesNotStart) {
  Replica late(shared_, folder_ / "late", clock_);

  Result<void> refused = late.start(given_by(next_), "");

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
  EXPECT_NE(refused.error().detail.find(root_.roots()->pins().front()), std::string::npos) << refused.error().detail;
}
}  // namespace
}  // namespace heddle
