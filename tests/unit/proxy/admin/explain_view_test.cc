#include "proxy/admin/explain_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/upstream/health_checker.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using testing::HasSubstr;

ListenerRow row(std::string name, std::string direction, std::string destination = "") {
  return {std::move(name), std::move(direction), "127.0.0.1:1", std::move(destination), "nothing", {}};
}
LiveWords asked(std::string direction, std::string listener = "") {
  LiveWords out;
  out.direction = std::move(direction);
  out.listener = std::move(listener);
  return out;
}
std::string refusal(const Result<size_t>& chosen) { return chosen ? "chosen" : chosen.error().text(); }

TEST(LiveQuestionText, ReadsEveryField) {
  auto read = read_live_words(R"({"url":"http://a/x","method":"PUT","from":"spiffe://td/w","headers":{"x-a":"1"},)"
                              R"("draw":"7","listener":"in","direction":"inbound"})");

  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->words.url, "http://a/x");
  EXPECT_EQ(read->words.method, "PUT");
  EXPECT_EQ(read->words.from, "spiffe://td/w");
  EXPECT_THAT(read->words.headers, testing::ElementsAre(testing::Pair("x-a", "1")));
  EXPECT_EQ(read->words.draw, 7U);
  EXPECT_EQ(read->listener, "in");
  EXPECT_EQ(read->direction, "inbound");
  EXPECT_EQ(read_live_words(R"({"url":"http://a/"})")->direction, "outbound");
}

TEST(LiveQuestionText, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(read_live_words(R"({"url":"http://a/","namespace":"x"})").error().text(), HasSubstr("namespace"));
  EXPECT_THAT(read_live_words(R"({"url":"http://a/","direction":"up"})").error().text(), HasSubstr("direction"));
  EXPECT_EQ(read_live_words("{}").error().reason, Reason::kBadRequest);
  EXPECT_FALSE(read_live_words("not json"));
  std::string long_one = str_cat(R"({"url":"http://a/)", std::string(LiveWords::kMaxBody, 'x'), "\"}");
  EXPECT_EQ(read_live_words(long_one).error().reason, Reason::kTooLarge);
}

TEST(LiveQuestionText, ChoosesTheListenerThatIsMeant) {
  std::vector<ListenerRow> rows = {row("db", "outbound", "db:3306"), row("out", "outbound"),
                                   row("in", "inbound", "127.0.0.1:8080")};

  EXPECT_EQ(*choose_listener(asked("outbound"), rows), 1U) << "by Host";
  EXPECT_EQ(*choose_listener(asked("outbound", "db"), rows), 0U);
  EXPECT_EQ(*choose_listener(asked("inbound"), rows), 2U);
  EXPECT_THAT(refusal(choose_listener(asked("inbound", "out"), rows)), HasSubstr("no inbound one \"out\" is here"));
  rows.push_back(row("more", "outbound"));
  EXPECT_THAT(refusal(choose_listener(asked("outbound"), rows)), HasSubstr("say which: \"db\", \"out\", \"more\""));
  EXPECT_THAT(refusal(choose_listener(asked("inbound"), {})), HasSubstr("no inbound one is here"));
}

// Checks that never answer.
struct SilentProbes final : ProbeFactory {
  struct Silence final : Operation {};
  struct Silent final : Probe {
    Pending run(OnResult) override { return std::make_unique<Silence>(); }
  };
  std::unique_ptr<Probe> make(const ProbeSpec&) override { return std::make_unique<Silent>(); }
};

TEST(LiveChecks, OfASubsetAreItsParents) {
  auto snapshot = snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: all}, spec: {tls: plaintext, endpoints: "
      "[{address: 10.0.0.1, port: 80, labels: {v: '1'}}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: v1}, spec: {subsetOf: {name: all, labels: {v: "
      "'1'}}}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: HealthPolicy, metadata: {name: h}, spec: {targetRefs: [{kind: BackendSet, "
      "name: all}], active: [{kind: tcp}]}}\n");
  ManualScheduler scheduler;
  SilentProbes probes;
  HealthTable table;
  SeededRandom random;
  Registry metrics;
  CapturedLog log;
  HealthChecker checker{{scheduler, probes, table, random, metrics, log.log().module("health")}};
  checker.apply(*snapshot);
  auto health = [&](std::string set, std::string parent) {
    Explanation found;
    ExplainedBackends& backends = found.backends.emplace_back();
    backends.name = std::move(set);
    backends.subset_of = std::move(parent);
    backends.endpoints.emplace_back().address = "10.0.0.1:80";
    backends.endpoints[0].health = "UP";
    add_checks(checker, found);
    return found.backends[0].endpoints[0].health;
  };

  EXPECT_EQ(health("default/all", ""), "UP");
  EXPECT_EQ(health("default/v1", "default/all"), "UP");
  EXPECT_EQ(health("default/other", ""), "no check");
}
}  // namespace
}  // namespace heddle
