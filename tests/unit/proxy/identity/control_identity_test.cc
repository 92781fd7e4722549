// ControlIdentity and the roots a control plane announces; the rest of its life is in
// integration/sidecar_bootstrap_test.
#include "proxy/identity/control_identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <filesystem>

#include "certs/authority.h"
#include "certs/jwks.h"
#include "tests/support/captured_log.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
const SpiffeId& own_id() {
  static const SpiffeId id = *SpiffeId::parse("spiffe://cluster.local/ns/default/sa/hello");
  return id;
}
const TrustDomain& own_domain() {
  static const TrustDomain domain = *TrustDomain::parse("cluster.local");
  return domain;
}

struct Root {
  explicit Root(const Clock& clock) : authority(*CertificateAuthority::create_root(own_domain(), 24h, clock.wall())) {}
  const std::string& pin() const { return authority->roots()->pins().front(); }
  CertificateAuthority::Ptr authority;
};

// Signs whatever is asked, when the test says so.
class HeldCa final : public CaClient {
 public:
  Pending sign(CaRequest request, OnAnswer on_answer) override {
    asked.push_back(std::move(request.csr_pem));
    believes = request.material.bundle->find("cluster.local")->pins();
    has_token = !request.token.view().empty();
    on_answer_ = std::move(on_answer);
    return nullptr;
  }
  void refuse() { on_answer_(make_error(Reason::kUnavailable, "nobody is there")); }
  void answer(const Root& root, DomainRoots::Ptr roots, WallTime now, Duration ttl = 1h) {
    SignedSvid made = *root.authority->sign(*Csr::parse_pem(asked.back()), own_id(), ttl, now);
    on_answer_(CaAnswer{made.chain_pem, made.serial, made.issued_at, made.not_after, std::move(roots), federated});
  }
  std::deque<std::string> asked;
  std::vector<std::string> believes;  // the control plane whose root is of these
  bool has_token = false;
  FederatedTexts federated;  // of the next answers

 private:
  OnAnswer on_answer_;
};

class ControlIdentityTest : public testing::Test {
 protected:
  ControlIdentityTest() { restart(); }
  // What a restart after kill -9 finds, too.
  void restart() {
    identity_ = std::make_unique<ControlIdentity>(
        loop_, random_, log_.log().module("identity"), ca_,
        ControlIdentityOptions{own_id(), "token", "", temp_.write("root.pem", roots(1, {&old_})->to_pem()),
                               temp_ / "state"});
    identity_->set_on_kept([this] { ++kept_; });
    identity_->start();
  }
  DomainRoots::Ptr roots(uint64_t sequence, const std::vector<const Root*>& of) const {
    CertChain all;
    for (const Root* root : of) {
      const CertChain& own = root->authority->roots()->certificates();
      all.insert(all.end(), own.begin(), own.end());
    }
    return *DomainRoots::create(own_domain(), std::move(all), {sequence, DomainRoots::kDefaultRefreshHint});
  }
  DomainRoots::Ptr both(uint64_t sequence = 2) const { return roots(sequence, {&old_, &new_}); }
  void wait_for(UniqueFunction<bool()> what) { loop_.run_until(std::move(what)); }
  void wait_for_requests(size_t count) {
    wait_for([this, count] { return ca_.asked.size() == count; });
  }
  // With a certificate of the old root, on disk.
  void join() {
    wait_for_requests(1);
    ca_.answer(old_, roots(1, {&old_}), loop_.wall());
    wait_for([this] { return kept_ == 1; });
  }
  void announce(const DomainRoots::Ptr& trusted, const Root& signer) {
    identity_->on_trust({trusted, signer.pin(), Duration{}});
  }
  std::shared_ptr<const TlsIdentity> current() const { return identity_->identities().current(); }
  const DomainRoots& trusted() const { return *current()->bundle->find("cluster.local"); }
  std::string issuer() const {
    return both()->pin_of_issuer(current()->svid->chain.back().get()).value_or("another root");
  }
  bool is_kept() const { return identity_->is_kept(*current()); }

  TempDir temp_;
  Loop loop_;
  CapturedLog log_;
  SeededRandom random_;
  HeldCa ca_;
  Root old_{loop_};
  Root new_{loop_};
  int kept_ = 0;
  std::unique_ptr<ControlIdentity> identity_;
};

TEST_F(ControlIdentityTest, TakesAnnouncedRootsWithTheCertificateAtHand) {
  join();
  auto svid = current()->svid;

  announce(both(), old_);
  wait_for([this] { return kept_ == 2; });

  EXPECT_EQ(trusted().digest(), both()->digest());
  EXPECT_EQ(current()->svid, svid);
  EXPECT_EQ(ca_.asked.size(), 1U);
}

TEST_F(ControlIdentityTest, WhatIsAnnouncedIsKeptOnlyOnceARestartFindsIt) {
  join();

  announce(both(), old_);
  wait_for([this] { return trusted().pins().size() == 2; });
  EXPECT_FALSE(is_kept());
  wait_for([this] { return kept_ == 2; });
  EXPECT_TRUE(is_kept());

  restart();
  wait_for([this] { return current() != nullptr; });
  EXPECT_EQ(trusted().digest(), both()->digest());
  EXPECT_TRUE(is_kept());
}

TEST_F(ControlIdentityTest, RootsThatCannotBeWrittenAreUsedButNotKeptUntilTheyCan) {
  join();
  std::string bundle = temp_ / "state/bundle.json";
  std::filesystem::remove(bundle);
  ASSERT_EQ(::mkdir(bundle.c_str(), 0700), 0);  // nothing can be renamed to it

  announce(both(), old_);
  wait_for([this] { return log_.contains("cannot store the identity"); });
  EXPECT_EQ(trusted().pins().size(), 2U);
  EXPECT_FALSE(is_kept());
  EXPECT_EQ(kept_, 1);

  std::filesystem::remove(bundle);
  wait_for([this] { return kept_ == 2; });
  EXPECT_TRUE(is_kept());
}

TEST_F(ControlIdentityTest, RootsThatDoNotVouchForItsCertificateAreNotUsedBeforeARenewal) {
  join();

  announce(roots(3, {&new_}), new_);
  wait_for_requests(2);
  EXPECT_EQ(trusted().pins(), old_.authority->roots()->pins());

  ca_.answer(new_, roots(3, {&new_}), loop_.wall());
  wait_for([this] { return kept_ == 2; });
  EXPECT_EQ(trusted().pins(), new_.authority->roots()->pins());
}

TEST_F(ControlIdentityTest, RenewsWhenAnotherRootSigns) {
  join();
  announce(both(), old_);
  wait_for([this] { return kept_ == 2; });
  EXPECT_EQ(ca_.asked.size(), 1U);

  announce(both(), new_);
  wait_for_requests(2);
  ca_.answer(new_, both(), loop_.wall());

  wait_for([this] { return kept_ == 3; });
  EXPECT_EQ(issuer(), new_.pin());
}

TEST_F(ControlIdentityTest, AnAnswerThatAnAnnouncementOvertookDoesNotBringTheOldRootsBack) {
  wait_for_requests(1);

  announce(both(2), old_);
  ca_.answer(old_, roots(1, {&old_}), loop_.wall());
  wait_for([this] { return kept_ == 1; });

  EXPECT_EQ(trusted().digest(), both()->digest());
}

// Cut off until its certificate ended, so that nobody waited for it: the operator's new root.pem and token are enough.
TEST_F(ControlIdentityTest, WhoMissedARotationJoinsAgainByTheOperatorsFile) {
  wait_for_requests(1);
  ca_.answer(old_, roots(1, {&old_}), loop_.wall() - 4s, 6s);  // nothing shorter than 5 s is signed
  temp_.write("root.pem", new_.authority->roots()->to_pem());
  wait_for_requests(2);
  while (!ca_.has_token) {
    ca_.refuse();
    wait_for_requests(ca_.asked.size() + 1);
  }

  EXPECT_NE(std::find(ca_.believes.begin(), ca_.believes.end(), new_.pin()), ca_.believes.end());
  ca_.answer(new_, roots(3, {&new_}), loop_.wall());

  wait_for([this] { return issuer() == new_.pin(); });
  EXPECT_EQ(trusted().pins(), new_.authority->roots()->pins());
}

// Its token may be spent, and is good for the same key only.
TEST_F(ControlIdentityTest, AsksWithTheSameKeyUntilAnAnswerCame) {
  auto key_of = [](std::string_view csr) { return Csr::parse_pem(csr)->public_key_der(); };
  wait_for_requests(1);
  ca_.refuse();
  wait_for_requests(2);
  EXPECT_EQ(key_of(ca_.asked[0]), key_of(ca_.asked[1]));

  ca_.answer(old_, roots(1, {&old_}), loop_.wall());
  wait_for([this] { return kept_ == 1; });
  announce(both(), new_);
  wait_for_requests(3);
  EXPECT_NE(key_of(ca_.asked[1]), key_of(ca_.asked[2])) << "a renewal has a key of its own";
}

TEST_F(ControlIdentityTest, AnAnswerThatIsAheadOfTheAnnouncementIsBelieved) {
  wait_for_requests(1);

  announce(roots(1, {&old_}), old_);
  ca_.answer(old_, both(2), loop_.wall());
  wait_for([this] { return kept_ == 1; });

  EXPECT_EQ(trusted().digest(), both()->digest());
}

class FederatedControlTest : public ControlIdentityTest {
 protected:
  void announce_federated(std::vector<DomainRoots::Ptr> others, std::vector<std::string> refused = {}) {
    identity_->on_trust({roots(1, {&old_}), old_.pin(), Duration{}, {std::move(others), std::move(refused)}});
  }
  bool believes_partner() const { return current()->bundle->find("partner.example") != nullptr; }
  bool is_on_disk() { return std::filesystem::exists(temp_ / "state/federated.json"); }
  TestCa partner_{"partner.example"};
};

TEST_F(FederatedControlTest, WhatIsAnnouncedIsUsedKeptAndFoundByARestart) {
  join();
  announce_federated({partner_.roots()});
  wait_for([this] { return believes_partner() && is_kept(); });

  EXPECT_TRUE(is_on_disk());
  EXPECT_EQ(identity_->status().federated, 1U);

  restart();
  wait_for([this] { return current() != nullptr; });
  ASSERT_TRUE(believes_partner());
  EXPECT_EQ(current()->bundle->find("partner.example")->pins(), partner_.roots()->pins());
}

TEST_F(FederatedControlTest, WhatIsAnnouncedNoMoreIsForgottenOnDiskToo) {
  join();
  announce_federated({partner_.roots()});
  wait_for([this] { return believes_partner() && is_kept(); });

  announce_federated({});
  wait_for([this] { return !believes_partner() && is_kept(); });
  EXPECT_FALSE(is_on_disk());

  restart();
  wait_for([this] { return current() != nullptr; });
  EXPECT_FALSE(believes_partner());
}

TEST_F(FederatedControlTest, ADomainThatIsRefusedIsCountedAndOurOwnRootsAreTaken) {
  join();

  identity_->on_trust({both(), old_.pin(), Duration{}, {{}, {"federated \"partner.example\": no bundle"}}});
  wait_for([this] { return trusted().pins().size() == 2; });

  EXPECT_EQ(identity_->status().federated_refused, 1U);
  EXPECT_TRUE(log_.contains("no bundle"));
}

TEST_F(FederatedControlTest, AnAnswerBringsThemWithoutAnyAnnouncement) {
  wait_for_requests(1);
  ca_.federated = {{"partner.example", *to_jwks(*partner_.roots())}, {"Bad Name", "{}"}};
  ca_.answer(old_, roots(1, {&old_}), loop_.wall());
  wait_for([this] { return kept_ == 1; });

  EXPECT_TRUE(believes_partner());
  EXPECT_EQ(identity_->status().federated_refused, 1U);
}

TEST_F(FederatedControlTest, AnAnswerThatAnAnnouncementOvertookDoesNotBringARevokedDomainBack) {
  wait_for_requests(1);
  announce_federated({});
  ca_.federated = {{"partner.example", *to_jwks(*partner_.roots())}};
  ca_.answer(old_, roots(1, {&old_}), loop_.wall());
  wait_for([this] { return kept_ == 1; });

  EXPECT_FALSE(believes_partner());
}
}  // namespace
}  // namespace heddle
