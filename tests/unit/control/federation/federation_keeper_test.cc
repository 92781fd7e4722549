// The shell without its network and disk: a fetcher and a disk that the test plays, time that it turns by hand.
#include "control/federation/federation_keeper.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/manual_scheduler.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/federation/federation_fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;

// Who asked, by domain; the test answers.
class PlayedFetcher final : public BundleFetcher {
 public:
  struct Asked {
    FetchRequest request;
    OnFetched done;
  };
  Pending fetch(FetchRequest request, OnFetched done) override {
    std::string name = request.domain.name();
    asked.insert_or_assign(name, Asked{std::move(request), std::move(done)});
    ++times;
    return std::make_unique<Token>(*this, std::move(name));
  }
  void answer(const std::string& name, Result<FederatedBundle> result) {
    auto node = asked.extract(name);
    ASSERT_FALSE(node.empty()) << name << " was not asked";
    node.mapped().done(std::move(result));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, row] : asked) out.push_back(name);
    return out;
  }
  std::map<std::string, Asked> asked;
  int times = 0;

 private:
  struct Token final : Operation {
    Token(PlayedFetcher& f, std::string n) : fetcher(f), name(std::move(n)) {}
    ~Token() override { fetcher.asked.erase(name); }
    PlayedFetcher& fetcher;
    std::string name;
  };
};

class FederationKeeperTest : public testing::Test {
 protected:
  FederationKeeperTest() { open(); }
  void open() {
    keeper_.reset();
    written_.clear();
    keeper_.emplace(FederationKeeper::Parts{scheduler_, random_, *store_.store, fetcher_, trust_domain("own.test"),
                                            [this] { return own_.roots(); },
                                            [this](Task work, Task done) {
                                              work();
                                              written_.push_back(std::move(done));
                                              return std::make_unique<Operation>();
                                            },
                                            dir_ / "federated", Logger()});
    ASSERT_TRUE(keeper_->open());
    keeper_->set_on_trust([this] { ++told_; });
    keeper_->start();
    turn();
  }
  // What was written is on the disk; then a second goes by.
  void turn(Duration by = 1s) {
    while (!written_.empty()) {
      Task done = std::move(written_.front());
      written_.erase(written_.begin());
      done();
    }
    scheduler_.advance(by);
  }
  std::vector<std::string> trusted() const {
    std::vector<std::string> out;
    for (const auto& [name, text] : keeper_->bundles().trust().texts) out.push_back(name);
    return out;
  }

  ManualScheduler scheduler_;
  SeededRandom random_;
  TempDir dir_;
  TestStore store_;
  PlayedFetcher fetcher_;
  TestCa own_{"own.test"};
  TestCa partner_{"p.test"};
  std::vector<Task> written_;
  int told_ = 0;
  std::optional<FederationKeeper> keeper_;
};

TEST_F(FederationKeeperTest, AsksForANewDomainAndTellsWhatItHears) {
  store_.put(federated("p.test", web_endpoint("p.test")));
  turn();
  ASSERT_THAT(fetcher_.names(), ElementsAre("p.test"));
  EXPECT_EQ(told_, 0);

  fetcher_.answer("p.test", bundle_of(partner_, 1));

  EXPECT_EQ(told_, 1);
  EXPECT_THAT(trusted(), ElementsAre("p.test"));
}

TEST_F(FederationKeeperTest, TellsNobodyOfTheSameAgain) {
  store_.put(federated("p.test", web_endpoint("p.test")));
  turn();
  fetcher_.answer("p.test", bundle_of(partner_, 1));
  turn(300s);

  fetcher_.answer("p.test", bundle_of(partner_, 2));

  EXPECT_EQ(fetcher_.times, 2);
  EXPECT_EQ(told_, 1);
}

TEST_F(FederationKeeperTest, AsksAgainSoonAfterAFailureAndKeepsWhatItHas) {
  store_.put(federated("p.test", web_endpoint("p.test")));
  turn();
  fetcher_.answer("p.test", bundle_of(partner_, 1));
  turn(300s);
  fetcher_.answer("p.test", make_error(Reason::kTimeout, "away"));

  turn(7s);

  EXPECT_THAT(fetcher_.names(), ElementsAre("p.test"));
  EXPECT_THAT(trusted(), ElementsAre("p.test"));
  EXPECT_EQ(keeper_->bundles().find("p.test")->failures, 1U);
}

TEST_F(FederationKeeperTest, ADeletedDomainIsRevokedAndNotHeardAnyMore) {
  Envelope resource = federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(partner_))));
  store_.put(resource);
  turn();
  ASSERT_THAT(trusted(), ElementsAre("p.test"));
  int before = told_;

  store_.erase(resource.key);

  EXPECT_EQ(told_, before + 1);
  EXPECT_TRUE(trusted().empty());
  EXPECT_TRUE(fetcher_.names().empty());
}

TEST_F(FederationKeeperTest, AnEndpointIsProvedByTheNewestBundleOfItsDomain) {
  TestCa rotated("p.test");
  store_.put(federated(
      "p.test", str_cat(spiffe_endpoint("p.test", "spiffe://p.test/control"), ",", given(bundle_of(partner_, 1)))));
  turn();
  EXPECT_EQ(fetcher_.asked.at("p.test").request.endpoint_roots->pins(), partner_.roots()->pins());
  fetcher_.answer("p.test", bundle_of(rotated, 2));

  turn(300s);

  EXPECT_EQ(fetcher_.asked.at("p.test").request.endpoint_roots->pins(), rotated.roots()->pins());
}

TEST_F(FederationKeeperTest, AnEndpointOfOurOwnDomainIsProvedByOurRoots) {
  store_.put(federated("p.test", spiffe_endpoint("a.test", "spiffe://own.test/relay")));

  turn();

  EXPECT_EQ(fetcher_.asked.at("p.test").request.endpoint_roots->pins(), own_.roots()->pins());
}

TEST_F(FederationKeeperTest, AnEndpointThatNothingCanProveIsNotAsked) {
  store_.put(federated("p.test", spiffe_endpoint("q.test", "spiffe://q.test/relay")));

  turn();

  EXPECT_TRUE(fetcher_.names().empty());
  EXPECT_NE(keeper_->bundles().find("p.test")->problem.find("no bundle of q.test"), std::string::npos);
}

TEST_F(FederationKeeperTest, FewAreAskedAtOnceAndAllInTheEnd) {
  for (char c = 'a'; c < 'a' + 6; ++c) {
    store_.put(federated(str_cat(std::string(1, c), ".test"), web_endpoint("p.test")));
  }
  turn();
  ASSERT_EQ(fetcher_.asked.size(), FederationKeeper::kMaxAtOnce);

  for (const std::string& name : fetcher_.names()) fetcher_.answer(name, bundle_of(TestCa(name)));
  turn();

  EXPECT_THAT(fetcher_.names(), ElementsAre("e.test", "f.test"));
}

TEST_F(FederationKeeperTest, WhatWasFetchedSurvivesARestart) {
  store_.put(federated("p.test", web_endpoint("p.test")));
  turn();
  fetcher_.answer("p.test", bundle_of(partner_, 5));
  turn();

  open();

  EXPECT_THAT(trusted(), ElementsAre("p.test"));
  ASSERT_THAT(fetcher_.names(), ElementsAre("p.test")) << "and is asked for again at once";
  fetcher_.answer("p.test", bundle_of(partner_, 4));
  EXPECT_EQ(keeper_->bundles().roots_of("p.test")->notes().sequence, 5U);
}

TEST_F(FederationKeeperTest, AFileThatCouldNotBeRemovedIsRemovedAtTheNextLook) {
  Envelope resource = federated("p.test", web_endpoint("p.test"));
  std::filesystem::path file = federated_file(dir_ / "federated", "p.test");
  store_.put(resource);
  turn();
  fetcher_.answer("p.test", bundle_of(partner_, 5));
  turn();
  ASSERT_TRUE(std::filesystem::is_regular_file(file));
  std::filesystem::rename(file, dir_ / "aside");
  std::filesystem::create_directory(file);  // which no unlink(2) removes
  store_.erase(resource.key);
  turn();

  std::filesystem::remove(file);
  std::filesystem::rename(dir_ / "aside", file);
  turn();

  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(FederationKeeperTest, ARevokedDomainDoesNotComeBackWithItsFile) {
  Envelope resource = federated("p.test", web_endpoint("p.test"));
  store_.put(resource);
  turn();
  fetcher_.answer("p.test", bundle_of(partner_, 5));
  turn();
  store_.erase(resource.key);
  turn();
  store_.put(resource);

  open();

  EXPECT_TRUE(trusted().empty());
}
}  // namespace
}  // namespace heddle
