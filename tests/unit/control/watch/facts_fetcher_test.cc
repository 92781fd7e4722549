// What sidecars remember, fetched over their watch streams.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
std::vector<RequestFact> facts(size_t count, std::string path = "/") {
  RequestFact fact;
  fact.version = {1, 1};
  fact.method = "GET";
  fact.path = std::move(path);
  return std::vector<RequestFact>(count, fact);
}

class FactsFetcherTest : public WatchHubTest {
 protected:
  FactsFetcherTest() {
    for (WatchingSidecar* sidecar : {&sidecar_, &other_}) {
      sidecar->wants_ = {service_key("a")};
      sidecar->features_ = {std::string(kFactsFeature)};
    }
  }
  void start(WatchingSidecar& sidecar) {
    sidecar.start(*hub_);
    sidecar.settle(*hub_);
  }
  Pending fetch(std::vector<FactsResult>& results, FactsQuery query = {}) {
    return hub_->fetch_facts(std::move(query), [&results](FactsResult r) { results.push_back(std::move(r)); });
  }
  // The id of the newest question that the sidecar has read.
  uint64_t question(WatchingSidecar& sidecar) {
    sidecar.read(*hub_);
    EXPECT_FALSE(sidecar.replica_.questions().empty());
    return sidecar.replica_.questions().empty() ? 0 : sidecar.replica_.questions().back().id;
  }
  void answer(WatchingSidecar& sidecar, std::vector<RequestFact> kept, uint64_t seen) {
    for (const WatchFacts& part : split_facts(question(sidecar), std::move(kept), seen)) {
      hub_->on_message(*sidecar.subscriber_, part);
    }
  }
  void tick() { scheduler_.advance(1ms); }

  WatchingSidecar other_{"n2"};
  std::vector<FactsResult> results_;
};

TEST_F(FactsFetcherTest, AnswersWhenEverySidecarHas) {
  start(sidecar_);
  start(other_);
  Pending pending = fetch(results_);

  answer(other_, facts(250, "/other"), 4000);
  tick();
  EXPECT_TRUE(results_.empty());
  answer(sidecar_, facts(2), 32);
  tick();

  ASSERT_EQ(results_.size(), 1u);
  const FactsResult& result = results_[0];
  ASSERT_EQ(result.sidecars.size(), 2u);
  EXPECT_EQ(result.sidecars[0].key.node, "n1");
  EXPECT_EQ(result.sidecars[0].kept.facts, facts(2));
  EXPECT_EQ(result.sidecars[1].kept.facts.size(), 250u) << "the parts of one answer belong together";
  EXPECT_EQ(result.sidecars[1].kept.seen, 4000u);
  EXPECT_EQ(result.asked, 2u);
  EXPECT_EQ(result.note(), "");
}

TEST_F(FactsFetcherTest, WithoutSidecarsItAnswersSoonAndNotFromInside) {
  Pending pending = fetch(results_);
  EXPECT_TRUE(results_.empty());

  tick();

  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].asked, 0u);
}

TEST_F(FactsFetcherTest, WhoKeepsNothingIsNamedAndNotAsked) {
  other_.features_ = {};
  start(sidecar_);
  start(other_);
  Pending pending = fetch(results_);

  other_.read(*hub_);
  answer(sidecar_, {}, 0);
  tick();

  EXPECT_TRUE(other_.replica_.questions().empty());
  ASSERT_EQ(results_.size(), 1u);
  ASSERT_EQ(results_[0].without.size(), 1u);
  EXPECT_EQ(results_[0].note(), "1 of 2 sidecars remember nothing: n2");
}

TEST_F(FactsFetcherTest, ASilentSidecarIsNamedAfterTheTimeout) {
  start(sidecar_);
  start(other_);
  Pending pending = fetch(results_, {"", 3s});
  answer(sidecar_, facts(1), 16);

  scheduler_.advance(2999ms);
  EXPECT_TRUE(results_.empty());
  scheduler_.advance(1ms);

  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].sidecars.size(), 1u);
  ASSERT_EQ(results_[0].silent.size(), 1u);
  EXPECT_EQ(results_[0].note(), "1 of 2 sidecars did not answer: n2");
}

TEST_F(FactsFetcherTest, ASidecarThatLeavesIsNotWaitedFor) {
  start(sidecar_);
  start(other_);
  Pending pending = fetch(results_);
  answer(sidecar_, facts(1), 16);

  other_.stop(*hub_);
  tick();

  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].silent.size(), 1u);
}

TEST_F(FactsFetcherTest, OnlySidecarsOfTheNamespaceAreAsked) {
  start(sidecar_);
  Pending pending = fetch(results_, {"shop", 5s});
  Pending own = fetch(results_, {"default", 5s});

  tick();
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].connected, 0u);
  answer(sidecar_, facts(1), 16);
  tick();

  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(results_[1].sidecars.size(), 1u);
}

TEST_F(FactsFetcherTest, OneFetchAfterAnother) {
  start(sidecar_);
  Pending first = fetch(results_);
  Pending second = fetch(results_);
  uint64_t id = question(sidecar_);

  EXPECT_EQ(sidecar_.replica_.questions().size(), 1u);
  first.reset();  // its caller is gone
  EXPECT_GT(question(sidecar_), id);
  hub_->on_message(*sidecar_.subscriber_, WatchFacts{id, facts(1, "/late"), 16, true});
  tick();
  EXPECT_TRUE(results_.empty()) << "the late answer of the first is not that of the second";
  answer(sidecar_, facts(1), 16);
  tick();

  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].sidecars[0].kept.facts, facts(1));
}

TEST_F(FactsFetcherTest, AFetchThatNeverGetsItsTurnSaysSo) {
  start(sidecar_);
  Pending first = fetch(results_, {"", 10s});
  Pending second = fetch(results_, {"", 1s});

  scheduler_.advance(1s);

  ASSERT_EQ(results_.size(), 1u);
  EXPECT_TRUE(results_[0].is_busy);
  EXPECT_EQ(results_[0].note(), "no sidecar was asked: others are asking");
}

TEST_F(FactsFetcherTest, WhoSendsMoreThanHeWasAskedForLosesHisStream) {
  start(sidecar_);
  Pending pending = fetch(results_);
  uint64_t id = question(sidecar_);
  uint32_t most = sidecar_.replica_.questions().back().most;
  EXPECT_EQ(most, kMaxFacts);

  for (size_t sent = 0; sent <= most && !sidecar_.closed_; sent += kMaxLineFacts) {
    hub_->on_message(*sidecar_.subscriber_, WatchFacts{id, facts(kMaxLineFacts), 0, false});
  }

  EXPECT_TRUE(sidecar_.closed_.has_value());
}

TEST_F(FactsFetcherTest, UnaskedFactsAreNothing) {
  start(sidecar_);

  hub_->on_message(*sidecar_.subscriber_, WatchFacts{7, facts(1), 16, true});

  EXPECT_FALSE(sidecar_.closed_.has_value());
}

TEST_F(FactsFetcherTest, TheQuestionWaitsForTheEndOfABatch) {
  sidecar_.window_ = 1;
  sidecar_.start(*hub_);
  sidecar_.read(*hub_, 1);
  Pending pending = fetch(results_);

  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.questions().size(), 1u);
  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(FactsFetcherTest, AHubThatGoesFirstLeavesNothingBehind) {
  start(sidecar_);
  Pending pending = fetch(results_);

  sidecar_.stop(*hub_);
  hub_.reset();
  scheduler_.advance(10s);
  pending.reset();

  EXPECT_TRUE(results_.empty());
}
}  // namespace
}  // namespace heddle
