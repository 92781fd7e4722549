#include "control/api/status_view.h"

#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr WallTime kNow{1'800'000'000s};

NodeStatus status(NodeState state) {
  NodeStatus row;
  row.key = {"spiffe://cluster.local/ns/default/sa/web", "web-1"};
  row.state = state;
  row.is_connected = state != NodeState::kGone;
  row.acked = row.runs = Version{1, 40};
  row.connected = row.last_seen = kNow;
  row.behind_since = kNow - 3s;
  return row;
}

JsonValue only_row(const NodeStatus& row, Version newest = {1, 42}) {
  auto document = JsonValue::parse(status_json(newest, kNow, {"one", "sqlite"}, {row}));
  EXPECT_TRUE(document.has_value());
  return document->find("sidecars")->at(0);
}

TEST(StatusView, ALiveSidecarHasNoLagInSeconds) {
  NodeStatus row = status(NodeState::kLive);
  row.runs = Version{1, 42};

  JsonValue shown = only_row(row);

  EXPECT_EQ(shown.find("lag_versions")->as_integer(), 0);
  EXPECT_EQ(shown.find("lag_seconds")->as_number(), 0.0);
  EXPECT_TRUE(shown.find("nack")->is_null());
}

TEST(StatusView, LagCountsVersionsAndTheTimeSinceItFellBehind) {
  JsonValue shown = only_row(status(NodeState::kBehind));

  EXPECT_EQ(shown.find("lag_versions")->as_integer(), 2);
  EXPECT_EQ(shown.find("lag_seconds")->as_number(), 3.0);
}

TEST(StatusView, AnotherEpochLacksEverything) {
  EXPECT_EQ(only_row(status(NodeState::kBehind), {2, 7}).find("lag_versions")->as_integer(), 7);
}

TEST(StatusView, WhoHoldsNothingHasNoVersions) {
  NodeStatus row = status(NodeState::kSyncing);
  row.acked = row.runs = std::nullopt;

  JsonValue shown = only_row(row);

  EXPECT_TRUE(shown.find("version")->is_null());
  EXPECT_TRUE(shown.find("runsVersion")->is_null());
}

TEST(StatusView, TellsWhatWasRefusedAndWhy) {
  NodeStatus row = status(NodeState::kRefused);
  row.nack = WatchNack{{1, 42}, {{"Service/default/a", "spec", "no"}}};

  JsonValue shown = only_row(row);

  EXPECT_EQ(shown.find({"nack", "version"})->as_string(), "1.42");
  EXPECT_EQ(shown.find({"nack", "errors"})->at(0).find("message")->as_string(), "no");
}

NodeStatus of_certificate(NodeState state, std::vector<Lineage> lineages) {
  std::vector<NodeStatus> rows = join_certificates({status(state)}, lineages, kNow);
  EXPECT_EQ(rows.size(), 1U);
  return rows[0];
}

const std::string kWeb = "spiffe://cluster.local/ns/default/sa/web";

TEST(StatusView, SaysUntilWhenTheNewestCertificateIsValid) {
  NodeStatus row = of_certificate(NodeState::kLive,
                                  {{1, kWeb, "a", "", kNow - 1s, "web-1"}, {2, kWeb, "b", "", kNow + 1s, "web-1"}});

  EXPECT_EQ(row.state, NodeState::kLive);
  EXPECT_EQ(only_row(row).find("svidNotAfter")->as_string(), format_time(kNow + 1s));
}

TEST(StatusView, AnExpiredCertificateCountsMoreThanALiveStream) {
  NodeStatus row = of_certificate(NodeState::kLive, {{1, kWeb, "a", "", kNow, "web-1"}});

  EXPECT_EQ(only_row(row).find("state")->as_string(), "expired");
  EXPECT_EQ(only_row(row).find("connected")->as_bool(), true);
}

TEST(StatusView, WhoIsKnownByAnExpiredCertificateOnlyIsListed) {
  std::vector<Lineage> lineages{{1, kWeb, "a", "", kNow - 1s, "web-2"}, {2, kWeb, "b", "", kNow + 1s, "web-3"}};

  std::vector<NodeStatus> rows = join_certificates({}, lineages, kNow);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].key.node, "web-2");
  EXPECT_EQ(only_row(rows[0]).find("connected")->as_bool(), false);
  EXPECT_TRUE(only_row(rows[0]).find("version")->is_null());
}

TEST(StatusView, TwoOfOneNameAreTwoRowsOfOneCertificateStatus) {
  NodeStatus first = status(NodeState::kLive);
  NodeStatus twin = status(NodeState::kLive);
  first.key.instance = "a";
  twin.key.instance = "b";

  std::vector<NodeStatus> rows = join_certificates({first, twin}, {{1, kWeb, "a", "", kNow - 1s, "web-1"}}, kNow);

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, NodeState::kExpired);
  EXPECT_EQ(rows[1].state, NodeState::kExpired);
  EXPECT_EQ(only_row(rows[1]).find("instance")->as_string(), "b");
}

TEST(StatusView, WhoLeftIsListedAsNotConnected) {
  EXPECT_EQ(only_row(status(NodeState::kGone)).find("connected")->as_bool(), false);
}
TEST(StatusView, AStoreOfThisProcessAloneIsCurrent) {
  auto shown = JsonValue::parse(status_json({1, 42}, kNow, {"one", "sqlite"}, {}));

  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->find("replica")->as_string(), "one");
  EXPECT_EQ(shown->find({"store", "kind"})->as_string(), "sqlite");
  EXPECT_EQ(shown->find({"store", "version"})->as_string(), "1.42");
  EXPECT_EQ(shown->find({"store", "current"})->as_bool(), true);
  EXPECT_TRUE(shown->find({"store", "since"})->is_null());
  EXPECT_EQ(shown->find("replicas")->size(), 0U);
}

TEST(StatusView, AStoreThatIsNotCurrentSaysSinceWhenAndWhy) {
  ControlSight sight{"one", "etcd", JournalHealth{false, kNow - 7s, "no quorum"}, "two"};

  auto shown = JsonValue::parse(status_json({1, 42}, kNow, sight, {}));

  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->find({"store", "current"})->as_bool(), false);
  EXPECT_EQ(shown->find({"store", "since"})->as_string(), format_time(kNow - 7s));
  EXPECT_EQ(shown->find({"store", "problem"})->as_string(), "no quorum");
  EXPECT_EQ(shown->find({"leaders", "ca"})->as_string(), "two");
  EXPECT_EQ(shown->find({"leaders", "rollout"})->as_string(), "") << "nobody is known to lead";
}

TEST(StatusView, OtherControlPlanesAreShown) {
  ControlSight sight{"one", "etcd", JournalHealth{}};
  sight.others = {{"two", true, kNow - 5s, {1, 41}, 3}, {"three", false, kNow - 9s, {1, 40}, 2}};

  auto shown = JsonValue::parse(status_json({1, 42}, kNow, sight, {}));

  ASSERT_TRUE(shown.has_value());
  ASSERT_EQ(shown->find("replicas")->size(), 2U);
  JsonValue two = shown->find("replicas")->at(0);
  EXPECT_EQ(two.find("name")->as_string(), "two");
  EXPECT_EQ(two.find("heard")->as_bool(), true);
  EXPECT_EQ(two.find("version")->as_string(), "1.41");
  EXPECT_EQ(two.find("connected")->as_integer(), 3);
  EXPECT_EQ(shown->find("replicas")->at(1).find("heard")->as_bool(), false);
}
}  // namespace
}  // namespace heddle
