#include "control/replicas/mesh_facts.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
std::string identity(std::string_view ns) { return str_cat("spiffe://cluster.local/ns/", ns, "/sa/web"); }

FactsResult answer(const std::string& node, size_t facts, const std::string& path = "/") {
  RequestFact fact;
  fact.path = path;
  FactsResult out;
  out.sidecars = {{{identity("default"), node}, {std::vector<RequestFact>(facts, fact), 16 * facts}}};
  out.connected = out.asked = 1;
  return out;
}

class MeshFactsTest : public testing::Test {
 protected:
  MeshFactsTest() {
    for (const char* name : {"b", "c"}) {
      registry_.on_replica(name, kNow);
      tell(name, str_cat(name, "1"), "default");
    }
    registry_.on_hello(1, {identity("default"), "a1"}, {.node = "a1", .software = "0.7.0"}, kNow);
  }
  void tell(const std::string& replica, const std::string& node, std::string_view ns) {
    NodeStatus row;
    row.key = {identity(ns), node};
    row.state = NodeState::kLive;
    row.connected = kNow;
    registry_.on_replica_row(replica, row);
  }
  void fetch(FactsQuery query = {"default", 3s}) {
    token_ = facts_.fetch(std::move(query), [this](FactsResult r) { result_ = std::move(r); });
  }
  void tick() { scheduler_.advance(1ms); }

  ManualScheduler scheduler_;
  NodeRegistry registry_;
  std::map<std::string, FactsQuery> asked_;  // "" is our own
  std::map<std::string, MeshFacts::Answer> others_;
  FactsFetcher::Done own_;
  std::optional<FactsResult> result_;
  MeshFacts facts_{{scheduler_, registry_,
                    [this](FactsQuery query, FactsFetcher::Done done) {
                      asked_[""] = std::move(query);
                      own_ = std::move(done);
                      return Pending();
                    },
                    [this](const std::string& name, const FactsQuery& query, MeshFacts::Answer done) {
                      asked_[name] = query;
                      others_[name] = std::move(done);
                    }}};
  Pending token_;
};

TEST_F(MeshFactsTest, AsksAllAtOnceAndAnswersWhenAllHave) {
  fetch();
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_LT(asked_["b"].timeout, 3s) << "it answers before we give it up";

  others_["c"](answer("c1", 3));
  own_(answer("a1", 1));
  tick();
  EXPECT_FALSE(result_.has_value());
  others_["b"](answer("b1", 2));
  EXPECT_FALSE(result_.has_value()) << "never from inside";
  tick();

  ASSERT_TRUE(result_.has_value());
  ASSERT_EQ(result_->sidecars.size(), 3U);
  EXPECT_EQ(result_->sidecars[1].key.node, "b1");
  EXPECT_EQ(result_->sidecars[2].kept.facts.size(), 3U);
  EXPECT_EQ(result_->asked, 3U);
  EXPECT_EQ(result_->note(), "");
}

TEST_F(MeshFactsTest, OneThatDoesNotAnswerInTimeIsNamed) {
  tell("b", "b2", "default");
  fetch();
  own_(answer("a1", 1));
  others_["c"](answer("c1", 1));

  scheduler_.advance(4s);

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->sidecars.size(), 2U);
  EXPECT_EQ(result_->note(), "control plane b did not answer; its 2 sidecars were not asked");
  others_["b"](answer("b1", 1));  // too late, and nobody is there
}

TEST_F(MeshFactsTest, OneThatRefusesIsNamed) {
  fetch();
  own_(answer("a1", 1));
  others_["b"](make_error(Reason::kForbidden, "status 403"));
  others_["c"](answer("c1", 1));
  tick();

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->note(), "control plane b did not answer: status 403; its 1 sidecars were not asked");
}

TEST_F(MeshFactsTest, OneThatIsNotHeardIsNamedAndNotAsked) {
  registry_.on_replica_silent("b", kNow);
  fetch();
  EXPECT_FALSE(asked_.contains("b"));
  own_(answer("a1", 1));
  others_["c"](answer("c1", 1));
  tick();

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->note(), "control plane b is not heard; its 1 sidecars were not asked");
}

TEST_F(MeshFactsTest, OneWithoutSidecarsOfTheNamespaceIsNotAsked) {
  tell("b", "b1", "shop");
  fetch({"shop", 3s});

  EXPECT_TRUE(asked_.contains("b"));
  EXPECT_FALSE(asked_.contains("c"));
}

TEST_F(MeshFactsTest, ATokenThatIsGoneHearsNothing) {
  fetch();
  token_.reset();

  others_["b"](answer("b1", 1));
  scheduler_.advance(10s);

  EXPECT_FALSE(result_.has_value());
}

TEST(FactsShare, TheSharesOfAllAreTheLimits) {
  FactsQuery half = facts_share({"default", 3s}, 1000, 2000);
  EXPECT_EQ(half.ns, "default");
  EXPECT_EQ(half.sidecars, FactsFetcher::kMostSidecars / 2);
  EXPECT_EQ(half.each, FactsFetcher::kMostFacts / FactsFetcher::kMostSidecars);
  EXPECT_LE(half.bytes, FactsFetcher::kMostBytes / 2);
  FactsQuery few = facts_share({}, 3, 4);
  EXPECT_EQ(few.sidecars, 3U);
  EXPECT_EQ(few.each, kMaxFacts);
  FactsQuery nobody = facts_share({}, 0, 0);
  EXPECT_EQ(nobody.sidecars, 1U);
}

TEST(FactsMerger, MoreFactsThanTheLimitAreDropped) {
  FactsMerger merger(answer("a1", 1000));
  for (size_t i = 0; i < 30; ++i) merger.add(answer(str_cat("b", std::to_string(100 + i)), 1000));

  FactsResult all = merger.take();

  size_t facts = 0;
  for (const FetchedFacts& one : all.sidecars) facts += one.kept.facts.size();
  EXPECT_EQ(facts, FactsFetcher::kMostFacts);
  EXPECT_EQ(all.sidecars.size(), 31U);
  EXPECT_EQ(all.asked, 31U);
}

TEST(FactsMerger, MoreTextThanTheLimitIsDroppedAndTold) {
  FactsMerger merger(answer("a1", 1));
  for (size_t i = 0; i < 10; ++i) merger.add(answer(str_cat("b", std::to_string(i)), 10, std::string(1 << 20, 'p')));

  FactsResult all = merger.take();

  size_t bytes = 0;
  for (const FetchedFacts& one : all.sidecars) {
    for (const RequestFact& fact : one.kept.facts) bytes += fact_bytes(fact);
  }
  EXPECT_LE(bytes, FactsFetcher::kMostBytes);
  EXPECT_TRUE(all.is_full);
}

TEST(FactsMerger, MoreSidecarsThanTheLimitAreDropped) {
  FactsMerger merger(answer("a1", 0));
  for (size_t i = 0; i < FactsFetcher::kMostSidecars + 5; ++i) merger.add(answer(str_cat("b", std::to_string(i)), 0));

  EXPECT_EQ(merger.take().sidecars.size(), FactsFetcher::kMostSidecars);
}

TEST(FactsMerger, OneThatMovedIsCountedOnce) {
  FactsMerger merger(answer("n1", 2));
  merger.add(answer("n1", 5));

  FactsResult all = merger.take();

  ASSERT_EQ(all.sidecars.size(), 1U);
  EXPECT_EQ(all.sidecars[0].kept.facts.size(), 2U);
}
}  // namespace
}  // namespace heddle
