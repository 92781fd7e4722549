// Attestation of pods: who gets whose certificate by which token, and that it dies with its pod.
#include "tests/unit/control/ca/issuer_rig.h"

namespace heddle {
namespace {
// Answers at once, by the token's text.
class ScriptedReviewer final : public PodReviewer {
 public:
  Pending review(std::string_view token, Done done) override {
    ++asked;
    auto found = known.find(token);
    done(found == known.end() ? Result<ReviewedPod>(make_error(fault, "the API server does not know the token"))
                              : Result<ReviewedPod>(found->second));
    return nullptr;
  }
  std::map<std::string, ReviewedPod, std::less<>> known;
  Reason fault = Reason::kUnauthenticated;
  int asked = 0;
};

class IssuerPodTest : public IssuerRig {
 protected:
  IssuerPodTest() {
    start(ledger_, {});
    reviewer_.known["web-0"] = {"default", "web", "web-0", "uid-0"};
    reviewer_.known["web-1"] = {"default", "web", "web-1", "uid-1"};
    reviewer_.known["loose"] = {"default", "web", "", ""};
    issuer_->use_pods(&reviews_);
  }
  Result<SignedSvid> attest_pod(std::string_view token, std::string_view account = "web") {
    Answer<SignedSvid> out;
    issuer_->attest_pod(token, csr(id(account)), {}, into(out));
    return said(std::move(out));
  }
  Result<SignedSvid> renew_pod(const SignedSvid& held, std::string_view token) {
    Answer<SignedSvid> out;
    issuer_->renew_pod({id("web"), held.serial, held.not_after, held.not_before}, token, csr(id("web")), {}, into(out));
    return said(std::move(out));
  }
  ScriptedReviewer reviewer_;
  PodReviews reviews_{reviewer_, clock_};
};

TEST_F(IssuerPodTest, APodIsWhoItsServiceAccountIs) {
  Result<SignedSvid> svid = attest_pod("web-0");

  ASSERT_TRUE(svid.has_value()) << svid.error().text();
  EXPECT_EQ((*ledger_.find_lineage(svid->serial))->pod, "uid-0");
  EXPECT_EQ((*ledger_.find_lineage(svid->serial))->identity, id("web").text());
  EXPECT_NE(audit_.lines_.back().find("default/web-0 (uid-0)"), std::string::npos) << audit_.lines_.back();
}

TEST_F(IssuerPodTest, TheRequestCannotNameAnother) {
  EXPECT_EQ(attest_pod("web-0", "admin").error().reason, Reason::kForbidden);
  EXPECT_TRUE(ledger_.lineages()->empty());
}

TEST_F(IssuerPodTest, AStrangerLearnsNothing) {
  Result<SignedSvid> unknown = attest_pod("guess");
  Result<SignedSvid> loose = attest_pod("loose");

  EXPECT_EQ(unknown.error().detail, "attestation refused");
  EXPECT_EQ(loose.error().detail, "attestation refused");
  EXPECT_NE(audit_.lines_.back().find("bound to no pod"), std::string::npos);
}

TEST_F(IssuerPodTest, WithoutAClusterThatIsSaid) {
  issuer_->use_pods(nullptr);
  EXPECT_EQ(attest_pod("web-0").error().reason, Reason::kUnsupported);
}

TEST_F(IssuerPodTest, AClusterThatCannotBeAskedIsNoFaultOfTheToken) {
  reviewer_.fault = Reason::kUnavailable;
  EXPECT_EQ(attest_pod("guess").error().reason, Reason::kUnavailable);
}

TEST_F(IssuerPodTest, RenewsWithTheTokenOfTheSamePodAlone) {
  SignedSvid held = *attest_pod("web-0");

  EXPECT_EQ(renew(held).error().reason, Reason::kUnauthenticated);
  EXPECT_EQ(renew_pod(held, "web-1").error().reason, Reason::kForbidden);
  EXPECT_TRUE(renew_pod(held, "web-0").has_value());
}

TEST_F(IssuerPodTest, ACopiedKeyDiesWithItsPod) {
  SignedSvid held = *attest_pod("web-0");
  reviewer_.known.erase("web-0");

  EXPECT_EQ(renew_pod(held, "web-0").error().reason, Reason::kUnauthenticated);
}

TEST_F(IssuerPodTest, ACertificateOfAJoinTokenIsNotAPods) {
  SignedSvid held = *attest(token_for("web"));

  EXPECT_EQ(renew_pod(held, "web-0").error().reason, Reason::kForbidden);
  EXPECT_TRUE(renew(held).has_value());
}

TEST_F(IssuerPodTest, OnePodDoesNotFillTheLedger) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attest_pod("web-0").has_value());

  EXPECT_EQ(attest_pod("web-0").error().reason, Reason::kRateLimited);
  EXPECT_TRUE(attest_pod("web-1").has_value());
  clock_.advance(Issuer::kPodAgain);
  EXPECT_TRUE(attest_pod("web-0").has_value());
}
}  // namespace
}  // namespace heddle
