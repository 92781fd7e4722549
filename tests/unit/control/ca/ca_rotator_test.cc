#include "control/ca/ca_rotator.h"

#include <sys/stat.h>

#include <filesystem>

#include "control/ca/file_ca_store.h"
#include "tests/support/ca_now.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"
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

class CaRotatorTest : public testing::Test {
 protected:
  CaRotatorTest() { start(); }
  // Also what a restart after kill -9 finds.
  void start(std::optional<GivenCa> given = {}) {
    rotator_.reset();
    auto store = std::make_unique<FileCaStore>(folder_, *TrustDomain::parse("cluster.local"));
    auto opened = open_now({std::move(store), clock_, audit_, log_.log().module("ca"), std::move(given)});
    rotator_ = *std::move(opened);
    rotator_->set_on_changed([this](const CaState& state) { told_.push_back(state.phase); });
  }
  Result<void> step(Step step, const std::optional<TrustInUse>& in_use = {}) {
    std::vector<LiveSidecar> live;
    if (in_use) live.push_back({"spiffe://cluster.local/ns/default/sa/web", "web-1", "", true, in_use});
    return step_now(*rotator_, step, std::move(live));
  }
  std::string signer() const { return root_pin(*rotator_->state().signer); }

  TempDir parent_;
  std::string folder_ = parent_ / "ca";
  TestClock clock_;
  RecordedLines audit_;
  CapturedLog log_;
  std::vector<Phase> told_;
  std::unique_ptr<CaRotator> rotator_;
};

TEST_F(CaRotatorTest, GoesAroundAndEndsWithAnotherRoot) {
  std::string first = signer();

  ASSERT_TRUE(step(Step::kPrepare));
  EXPECT_EQ(signer(), first);
  EXPECT_EQ(rotator_->bundle()->pins().size(), 2U);
  ASSERT_TRUE(step(Step::kActivate));
  EXPECT_NE(signer(), first);
  EXPECT_EQ(rotator_->bundle()->pins().size(), 2U);
  ASSERT_TRUE(step(Step::kRetire));
  EXPECT_EQ(rotator_->bundle()->pins(), std::vector<std::string>{signer()});
  EXPECT_EQ(told_, (std::vector<Phase>{Phase::kPrepared, Phase::kActivated, Phase::kSteady}));
}

TEST_F(CaRotatorTest, TheSequenceMovesWithTheRootsAndOnlyThen) {
  std::vector<uint64_t> sequences{rotator_->state().sequence};
  for (Step next : {Step::kPrepare, Step::kAbort, Step::kPrepare, Step::kActivate, Step::kRetire}) {
    ASSERT_TRUE(step(next));
    sequences.push_back(rotator_->state().sequence);
  }

  EXPECT_EQ(sequences, (std::vector<uint64_t>{1, 2, 3, 4, 4, 5}));
}

TEST_F(CaRotatorTest, EveryPhaseSurvivesARestart) {
  for (Step next : {Step::kPrepare, Step::kActivate, Step::kRetire}) {
    ASSERT_TRUE(step(next));
    Phase phase = rotator_->state().phase;
    std::string digest = rotator_->bundle()->digest();
    std::string signs = signer();

    start();

    EXPECT_EQ(rotator_->state().phase, phase);
    EXPECT_EQ(rotator_->bundle()->digest(), digest);
    EXPECT_EQ(signer(), signs);
  }
}

TEST_F(CaRotatorTest, AnAbortedRotationLeavesTheFirstRootAlone) {
  std::string first = signer();
  ASSERT_TRUE(step(Step::kPrepare));

  ASSERT_TRUE(step(Step::kAbort));

  start();
  EXPECT_EQ(rotator_->bundle()->pins(), std::vector<std::string>{first});
}

TEST_F(CaRotatorTest, AnAbortIsRememberedUntilTheNextStep) {
  ASSERT_TRUE(step(Step::kPrepare));
  EXPECT_FALSE(rotator_->state().is_aborted);

  ASSERT_TRUE(step(Step::kAbort));

  EXPECT_TRUE(rotator_->state().is_aborted);
  start();
  EXPECT_TRUE(rotator_->state().is_aborted);
  ASSERT_TRUE(step(Step::kPrepare));
  start();
  EXPECT_FALSE(rotator_->state().is_aborted);
}

TEST_F(CaRotatorTest, WhatIsRefusedChangesNothingAndIsAudited) {
  ASSERT_TRUE(step(Step::kPrepare));
  std::string first = signer();

  Result<void> refused = step(Step::kActivate, TrustInUse{"other", first});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(rotator_->state().phase, Phase::kPrepared);
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_NE(audit_.lines.back().find(R"("audit":"ca-activate","status":"conflict")"), std::string::npos);
  EXPECT_NE(audit_.lines.back().find("web-1"), std::string::npos) << audit_.lines.back();
  EXPECT_NE(audit_.lines.back().find(R"("caller_id":"admin")"), std::string::npos);
}

TEST_F(CaRotatorTest, ActivatesWhenTheSidecarsSaySo) {
  ASSERT_TRUE(step(Step::kPrepare));

  EXPECT_TRUE(step(Step::kActivate, TrustInUse{rotator_->bundle()->digest(), signer()}));

  EXPECT_NE(audit_.lines.back().find(R"("status":"ok")"), std::string::npos);
}

// Decided, but ca.pem cannot be written: ca.rotation holds the new key until it can.
TEST_F(CaRotatorTest, AnActivationThatIsDecidedIsFinishedBeforeTheNextStep) {
  ASSERT_TRUE(step(Step::kPrepare));
  std::filesystem::rename(folder_ + "/ca.pem", folder_ + "/ca.pem.old");
  ASSERT_EQ(::mkdir((folder_ + "/ca.pem").c_str(), 0700), 0);

  ASSERT_TRUE(step(Step::kActivate));
  EXPECT_EQ(rotator_->state().phase, Phase::kActivated);
  EXPECT_TRUE(log_.contains("not in ca.pem yet"));
  EXPECT_FALSE(step(Step::kRetire)) << "the new key would be lost";
  EXPECT_EQ(rotator_->state().phase, Phase::kActivated);

  std::filesystem::remove(folder_ + "/ca.pem");
  ASSERT_TRUE(step(Step::kRetire));
  std::string signs = signer();
  start();
  EXPECT_EQ(signer(), signs);
  EXPECT_EQ(rotator_->state().phase, Phase::kSteady);
}

TEST_F(CaRotatorTest, WhatCannotBeWrittenIsNotDone) {
  ASSERT_EQ(::mkdir((folder_ + "/ca.rotation").c_str(), 0700), 0);  // nothing can be renamed to it

  Result<void> taken = step(Step::kPrepare);

  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(rotator_->state().phase, Phase::kSteady);
  EXPECT_TRUE(told_.empty());
}

// With an authority that the organisation's root issued, given by files.
class GivenRotatorTest : public CaRotatorTest {
 protected:
  GivenCa given(const TestCa& root, const TestCa* other = nullptr) const {
    TestCa own = root.intermediate(CertSpec::authority("mesh"));
    CertChain roots = root.roots()->certificates();
    if (other != nullptr) roots.push_back(other->chain().back());
    Secret key = *own.key()->to_pem();
    return {*CertificateAuthority::from_pem(root.trust_domain(), own.certificate_pem() + root.root_pem(), key.view()),
            *DomainRoots::create(root.trust_domain(), std::move(roots), {})};
  }
  Result<void> step_by_itself(Step step) {
    return step_now(*rotator_, step, {}, {"", "schedule", ""}, StepBy::kSchedule);
  }
  std::string certificate() const { return rotator_->state().signer->fingerprint(); }
  void start_anew(GivenCa ca) {
    folder_ = parent_ / "given";
    start(std::move(ca));
  }
  TestCa root_{"cluster.local"};
  TestCa other_{"cluster.local"};
};

TEST_F(GivenRotatorTest, SignsFromTheStartWithoutMakingARoot) {
  GivenCa ca = given(root_);

  start_anew(ca);

  EXPECT_EQ(certificate(), ca.authority->fingerprint());
  EXPECT_EQ(rotator_->bundle()->pins(), root_.roots()->pins());
  EXPECT_EQ(rotator_->state().phase, Phase::kSteady);
}

TEST_F(GivenRotatorTest, ANewerCertificateOfTheSameRootSignsAtOnceAndAfterARestart) {
  start_anew(given(root_));
  uint64_t sequence = rotator_->state().sequence;
  GivenCa newer = given(root_);

  ASSERT_TRUE(give_now(*rotator_, newer));

  EXPECT_EQ(certificate(), newer.authority->fingerprint());
  EXPECT_EQ(rotator_->state().sequence, sequence) << "nobody is trusted who was not before";
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_NE(audit_.lines.back().find(R"("audit":"ca-renew")"), std::string::npos);
  start();
  EXPECT_EQ(certificate(), newer.authority->fingerprint());
}

TEST_F(GivenRotatorTest, TheSameFilesAgainChangeNothing) {
  GivenCa ca = given(root_);
  start_anew(ca);

  ASSERT_TRUE(give_now(*rotator_, ca));

  EXPECT_TRUE(told_.empty());
}

TEST_F(GivenRotatorTest, OtherRootsOfTheFileAreTrustedBesides) {
  start_anew(given(root_, &other_));
  EXPECT_EQ(rotator_->bundle()->pins().size(), 2U);
  EXPECT_EQ(signer(), root_.roots()->pins().front());

  ASSERT_TRUE(give_now(*rotator_, given(root_)));
  EXPECT_EQ(rotator_->bundle()->pins(), root_.roots()->pins());
  uint64_t sequence = rotator_->state().sequence;
  start();

  EXPECT_EQ(rotator_->bundle()->pins(), root_.roots()->pins());
  EXPECT_EQ(rotator_->state().sequence, sequence);
}

TEST_F(GivenRotatorTest, AnAuthorityOfAnotherRootWaitsForARotation) {
  std::string first = signer();
  GivenCa ca = given(root_);

  start(ca);
  EXPECT_EQ(signer(), first) << "nobody trusts the new one yet";
  ASSERT_TRUE(step_by_itself(Step::kPrepare));
  EXPECT_EQ(rotator_->bundle()->pins().size(), 2U);
  start(ca);
  ASSERT_TRUE(step_by_itself(Step::kActivate));
  EXPECT_EQ(certificate(), ca.authority->fingerprint());
  ASSERT_TRUE(step_by_itself(Step::kRetire));

  EXPECT_EQ(rotator_->bundle()->pins(), root_.roots()->pins());
  start(ca);
  EXPECT_EQ(certificate(), ca.authority->fingerprint());
}

TEST_F(GivenRotatorTest, APreparedAuthorityIsRenewedToo) {
  start(given(root_));
  ASSERT_TRUE(step_by_itself(Step::kPrepare));
  GivenCa newer = given(root_);

  ASSERT_TRUE(give_now(*rotator_, newer));

  EXPECT_EQ(rotator_->state().next->fingerprint(), newer.authority->fingerprint());
  EXPECT_EQ(rotator_->state().phase, Phase::kPrepared);
}

TEST_F(GivenRotatorTest, AnOperatorCannotMakeARootForSomebodyElse) {
  start_anew(given(root_));

  Result<void> refused = step(Step::kPrepare);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConflict);
  EXPECT_NE(refused.error().detail.find("--ca-cert-file"), std::string::npos) << refused.error().detail;
  EXPECT_NE(audit_.lines.back().find(R"("status":"conflict")"), std::string::npos);
}

TEST_F(GivenRotatorTest, WithoutFilesARotationLeadsBackToARootOfOurs) {
  start_anew(given(root_, &other_));
  start();

  for (Step next : {Step::kPrepare, Step::kActivate, Step::kRetire}) ASSERT_TRUE(step(next));

  EXPECT_EQ(rotator_->bundle()->pins(), std::vector<std::string>{signer()});
  EXPECT_EQ(certificate(), signer());
}
}  // namespace
}  // namespace heddle
