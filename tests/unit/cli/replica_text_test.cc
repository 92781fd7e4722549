#include "cli/replica_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

JsonValue json(std::string_view text) {
  auto parsed = JsonValue::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : JsonValue();
}

constexpr char kCurrent[] = R"({"kind":"etcd","version":"1.42","current":true,"since":null,"problem":""})";

JsonValue status(std::string_view store, std::string_view replicas) {
  return json(str_cat(R"({"version":"1.42","replica":"one","leaders":{"ca":"one","rollout":"two"},"store":)", store,
                      R"(,"replicas":[)", replicas, R"(],"sidecars":[{"node":"a","connected":true,"replica":"one"},
                      {"node":"b","connected":true,"replica":"two"},{"node":"c","connected":false}]})"));
}

std::string other(std::string_view name, bool is_heard) {
  return str_cat(R"({"name":")", name, R"(","heard":)", is_heard ? "true" : "false", R"(,"since":")",
                 format_time(kTestNow - 5min), R"(","version":"1.41","connected":1})");
}

std::string stale() {
  return str_cat(R"({"kind":"etcd","version":"1.42","current":false,"since":")", format_time(kTestNow - 5min),
                 R"(","problem":"etcd has no quorum"})");
}

TEST(CliReplicaText, OneControlPlaneThatIsCurrentAddsNothing) {
  EXPECT_THAT(replicas_text(status(kCurrent, ""), kTestNow, UseColor::kNo), IsEmpty());
  EXPECT_THAT(replicas_text(json(R"({"version":"1.42","sidecars":[]})"), kTestNow, UseColor::kNo), IsEmpty())
      << "an older control plane";
}

TEST(CliReplicaText, AStoreThatIsNotCurrentIsSaidWithItsReason) {
  std::string text = replicas_text(status(stale(), ""), kTestNow, UseColor::kNo);

  EXPECT_THAT(text, HasSubstr("The store is not current, for 5m"));
  EXPECT_THAT(text, HasSubstr("etcd has no quorum"));
  EXPECT_THAT(text, Not(HasSubstr("REPLICA")));
}

TEST(CliReplicaText, SeveralAreATable) {
  std::string replicas = str_cat(other("two", true), ",", other("three", false));

  std::string text = replicas_text(status(kCurrent, replicas), kTestNow, UseColor::kNo);

  EXPECT_THAT(text, testing::ContainsRegex("one +this +<none> +1\\.42 +1 +ca\n"));
  EXPECT_THAT(text, testing::ContainsRegex("two +heard +5m.* +1\\.41 +1 +rollout\n"));
  EXPECT_THAT(text, testing::ContainsRegex("three +silent +5m.* +1\\.41 +1 +<none>\n"));
}

TEST(CliReplicaText, CheckIsContentWithAllThatAreHeard) {
  std::vector<Finding> found = store_findings(status(kCurrent, other("two", true)), kTestNow);

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Finding{"store", Verdict::kOk, "etcd, current"}));
  EXPECT_EQ(found[1], (Finding{"control planes", Verdict::kOk, "2, all heard"}));
  EXPECT_THAT(store_findings(json(R"({"version":"1.42"})"), kTestNow), IsEmpty()) << "an older control plane";
}

TEST(CliReplicaText, CheckComplainsOfAnOldStoreAndOfWhoIsNotHeard) {
  std::string replicas = str_cat(other("two", true), ",", other("three", false));

  std::vector<Finding> found = store_findings(status(stale(), replicas), kTestNow);

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].verdict, Verdict::kFail);
  EXPECT_THAT(found[0].text, HasSubstr("etcd has no quorum"));
  EXPECT_THAT(found[0].hint, HasSubstr("etcdctl"));
  EXPECT_EQ(found[1].verdict, Verdict::kFail);
  EXPECT_THAT(found[1].text, HasSubstr("three is not heard by one"));
  EXPECT_THAT(found[1].hint, HasSubstr("--replica-address"));
}
}  // namespace
}  // namespace heddle
