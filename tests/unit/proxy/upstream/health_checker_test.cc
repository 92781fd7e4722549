// HealthChecker with probes that answer what the test says, on manual time.
#include "proxy/upstream/health_checker.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/upstream/endpoint_tls.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {

enum class Behaviour { kPass, kFail, kHang };

// What one address answers to one kind of check, and how often it was asked.
struct FakeEndpoint {
  Behaviour behaviour = Behaviour::kPass;
  int asked = 0;
  int cancelled = 0;
};

class FakeProbes final : public ProbeFactory {
 public:
  explicit FakeProbes(ManualScheduler& scheduler) : scheduler_(scheduler) {}
  FakeEndpoint& at(const std::string& address, CheckKind kind = CheckKind::kTcp) { return endpoints_[{address, kind}]; }
  std::vector<ProbeSpec> made;

  std::unique_ptr<Probe> make(const ProbeSpec& spec) override {
    made.push_back(spec);
    return std::make_unique<FakeProbe>(scheduler_, at(spec.endpoint.address.text(), spec.check.kind));
  }

 private:
  struct FakeProbe final : Probe {
    FakeProbe(ManualScheduler& s, FakeEndpoint& e) : scheduler(s), endpoint(e) {}
    struct Run final : Operation {
      explicit Run(FakeEndpoint& e) : endpoint(e) {}
      ~Run() override { endpoint.cancelled += answered ? 0 : 1; }
      FakeEndpoint& endpoint;
      std::unique_ptr<Timer> timer;
      bool answered = false;
    };
    Pending run(OnResult done) override {
      ++endpoint.asked;
      auto run = std::make_unique<Run>(endpoint);
      if (endpoint.behaviour == Behaviour::kHang) return run;
      ProbeResult result;
      result.status = 200;
      if (endpoint.behaviour == Behaviour::kFail) {
        result = {make_error(Reason::kUnavailable, "status 500", Origin::kUpstream), 500};
      }
      run->timer = scheduler.timer([r = run.get(), result, done = std::move(done)]() mutable {
        r->answered = true;
        done(result);
      });
      run->timer->arm(5ms);
      return run;
    }
    ManualScheduler& scheduler;
    FakeEndpoint& endpoint;
  };
  ManualScheduler& scheduler_;
  std::map<std::pair<std::string, CheckKind>, FakeEndpoint> endpoints_;
};

const std::string kTcpCheck = "{kind: tcp, interval: 1s, timeout: 500ms, unhealthyThreshold: 2, jitter: 0}";
const std::string kHttpCheck = "{kind: http, interval: 1s, timeout: 500ms, unhealthyThreshold: 2, jitter: 0}";

std::string set_yaml(std::string_view name, const std::vector<std::string>& addresses) {
  std::string yaml = str_cat("---\napiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: ", name,
                             "}\nspec:\n  tls: plaintext\n  endpoints:\n");
  for (const std::string& text : addresses) {
    Address address = *Address::parse(text);
    yaml += str_cat("  - {address: ", address.ip(), ", port: ", std::to_string(address.port()), "}\n");
  }
  return yaml;
}
std::string policy_yaml(std::string_view set, std::string_view checks) {
  return str_cat("---\napiVersion: heddle.dev/v1\nkind: HealthPolicy\nmetadata: {name: ", set,
                 "}\nspec:\n  targetRefs: [{kind: BackendSet, name: ", set, "}]\n  active: [", checks, "]\n");
}

class HealthCheckerTest : public testing::Test {
 protected:
  void apply(const std::string& yaml) { checker.apply(*snapshot_of(yaml)); }
  EndpointKey key(std::string_view address) { return {*Address::parse(address), std::nullopt}; }
  std::shared_ptr<EndpointHealth> health(std::string_view address) { return table.get(health_key(key(address))); }
  std::optional<CheckStatus> status(std::string_view set, std::string_view address) {
    return checker.status(*ResourceKey::make(Kind::kBackendSet, "default", set), key(address));
  }
  const std::string a = "10.0.0.1:80";
  const std::string b = "10.0.0.2:80";
  ManualScheduler scheduler;
  FakeProbes probes{scheduler};
  HealthTable table;
  SeededRandom random;
  Registry metrics;
  CapturedLog log;
  HealthChecker checker{{scheduler, probes, table, random, metrics, log.log().module("health")}};
};

TEST_F(HealthCheckerTest, AsksEveryEndpointAtOnceAndThenEveryInterval) {
  apply(set_yaml("s", {a, b}) + policy_yaml("s", kTcpCheck));

  scheduler.advance(50ms);
  EXPECT_EQ(probes.at(a).asked, 1);
  EXPECT_EQ(probes.at(b).asked, 1);
  scheduler.advance(10s);

  EXPECT_EQ(probes.at(a).asked, 11);
}

TEST_F(HealthCheckerTest, ChecksWhatDnsFound) {
  auto snapshot = snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: s}, spec: {tls: plaintext, dns: {name: a, port: "
      "80}}}\n" +
      policy_yaml("s", kTcpCheck));
  ResolvedSets resolved;
  auto find = [&](std::initializer_list<std::string> addresses) {
    auto found = std::make_shared<ResolvedEndpoints>();
    for (const std::string& address : addresses) found->endpoints.push_back({*Address::parse(address), 1});
    resolved.sets[*ResourceKey::make(Kind::kBackendSet, "default", "s")] = found;
    checker.apply(*snapshot, &resolved);
  };
  checker.apply(*snapshot, nullptr);
  EXPECT_EQ(checker.endpoints(), 0U);

  find({a});
  scheduler.advance(1500ms);
  EXPECT_EQ(probes.at(a).asked, 2);
  find({a, b});
  scheduler.advance(1s);

  EXPECT_EQ(probes.at(a).asked, 3) << "its schedule went on";
  EXPECT_GE(probes.at(b).asked, 1);
  EXPECT_TRUE(status("s", b).has_value());
}

TEST_F(HealthCheckerTest, LeavesSetsWithoutAPolicyAlone) {
  apply(set_yaml("s", {a}));

  scheduler.advance(10s);

  EXPECT_EQ(probes.at(a).asked, 0);
  EXPECT_EQ(checker.endpoints(), 0U);
  EXPECT_FALSE(status("s", a).has_value());
}

TEST_F(HealthCheckerTest, TrustsAnEndpointUntilTheThresholdIsReached) {
  probes.at(a).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));

  scheduler.advance(500ms);
  EXPECT_TRUE(health(a)->usable()) << "one failure is not enough";
  scheduler.advance(1s);

  EXPECT_FALSE(health(a)->usable());
  EXPECT_EQ(health(a)->last_check().status, 500);
  EXPECT_EQ(status("s", a)->why_down, "tcp check: unavailable: status 500");
  EXPECT_TRUE(log.contains("endpoint is down"));
}

TEST_F(HealthCheckerTest, BringsAnEndpointBackAndCountsItsDowntime) {
  probes.at(a).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(1500ms);
  ASSERT_FALSE(health(a)->usable());

  probes.at(a).behaviour = Behaviour::kPass;
  scheduler.advance(1s);

  EXPECT_TRUE(health(a)->usable());
  EXPECT_EQ(status("s", a)->why_down, "");
  EXPECT_EQ(health(a)->downtime(scheduler.wall()), Duration(1s));
  EXPECT_TRUE(log.contains("endpoint is up"));
  EXPECT_NE(metrics.render().find("heddle_health_transitions_total{backend_set=\"default/s\",to=\"up\"} 1"),
            std::string::npos)
      << metrics.render();
}

TEST_F(HealthCheckerTest, TakesSilenceForAFailureAfterTheTimeout) {
  probes.at(a).behaviour = Behaviour::kHang;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));

  scheduler.advance(3s);

  EXPECT_FALSE(health(a)->usable());
  EXPECT_EQ(health(a)->last_check().reason, Reason::kTimeout);
  EXPECT_EQ(health(a)->last_check().took, Duration(500ms));
  EXPECT_EQ(probes.at(a).asked, 3);
  EXPECT_EQ(probes.at(a).cancelled, 3);
}

TEST_F(HealthCheckerTest, WantsEveryCheckOfAPolicyToPass) {
  probes.at(a, CheckKind::kHttp).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck + "," + kHttpCheck));
  scheduler.advance(2s);
  EXPECT_FALSE(health(a)->usable());

  probes.at(a, CheckKind::kTcp).behaviour = Behaviour::kFail;
  probes.at(a, CheckKind::kHttp).behaviour = Behaviour::kPass;
  scheduler.advance(3s);
  EXPECT_FALSE(health(a)->usable());
  probes.at(a, CheckKind::kTcp).behaviour = Behaviour::kPass;
  scheduler.advance(1s);

  EXPECT_TRUE(health(a)->usable());
}

TEST_F(HealthCheckerTest, KeepsWhatDidNotChangeRunning) {
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(2500ms);
  ASSERT_EQ(probes.at(a).asked, 3);

  apply(set_yaml("s", {a, b}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(400ms);

  EXPECT_EQ(probes.at(a).asked, 3) << "asked again although nothing changed for it";
  EXPECT_EQ(probes.at(b).asked, 1);
}

TEST_F(HealthCheckerTest, KeepsAnEndpointDownWhenItsCheckIsChanged) {
  probes.at(a).behaviour = Behaviour::kHang;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(3s);
  ASSERT_FALSE(health(a)->usable());

  apply(set_yaml("s", {a}) + policy_yaml("s", "{kind: tcp, interval: 2s, timeout: 100ms, jitter: 0}"));

  EXPECT_FALSE(health(a)->usable());
  EXPECT_EQ(probes.made.back().check.interval, Duration(2s));
  probes.at(a).behaviour = Behaviour::kPass;
  scheduler.advance(3s);
  EXPECT_TRUE(health(a)->usable());
}

TEST_F(HealthCheckerTest, StopsInSilenceAndHoldsNothingDownThatIsNotChecked) {
  probes.at(a).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(2s);
  ASSERT_FALSE(health(a)->usable());
  size_t lines = log.lines().size();
  int asked = probes.at(a).asked;

  apply(set_yaml("s", {a}));
  scheduler.advance(5s);

  EXPECT_TRUE(health(a)->usable());
  EXPECT_EQ(probes.at(a).asked, asked);
  EXPECT_EQ(log.lines().size(), lines);
}

TEST_F(HealthCheckerTest, HoldsAnEndpointDownWhileOneOfItsSetsSaysSo) {
  probes.at(a, CheckKind::kHttp).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck) + set_yaml("t", {a}) + policy_yaml("t", kHttpCheck));

  scheduler.advance(4s);

  EXPECT_FALSE(health(a)->usable());
  EXPECT_TRUE(status("s", a)->is_up);
  EXPECT_FALSE(status("t", a)->is_up);
}

TEST_F(HealthCheckerTest, SpreadsTheFirstChecksOfALargeSet) {
  std::vector<std::string> many;
  for (int i = 1; i <= 200; ++i) many.push_back(str_cat("10.0.1.", std::to_string(i), ":80"));
  apply(set_yaml("s", many) + policy_yaml("s", kTcpCheck));

  scheduler.advance(100ms);
  int early = 0;
  for (const std::string& address : many) early += probes.at(address).asked;
  scheduler.advance(100ms);
  int all = 0;
  for (const std::string& address : many) all += probes.at(address).asked;

  EXPECT_GT(early, 60);
  EXPECT_LT(early, 140);
  EXPECT_EQ(all, 200);
}

TEST_F(HealthCheckerTest, ASetAndItsSubsetsAreCheckedOnce) {
  std::string subsets;
  for (std::string_view name : {"one", "two"}) {
    subsets += str_cat("---\n{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: ", name,
                       "}, spec: {subsetOf: {name: s, labels: {app: x}}}}\n");
  }
  std::string all =
      str_cat("---\n{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: s}, spec: {tls: plaintext, ",
              "endpoints: [{address: 10.0.0.1, port: 80, labels: {app: x}}, {address: 10.0.0.2, port: 80}]}}\n");
  apply(all + subsets + policy_yaml("s", kTcpCheck));

  scheduler.advance(50ms);

  EXPECT_EQ(checker.endpoints(), 2U);
  EXPECT_EQ(probes.at(a).asked, 1);
  EXPECT_EQ(probes.at(b).asked, 1);
  EXPECT_FALSE(status("one", a)) << "asked by the key of the parent";
  EXPECT_TRUE(status("s", a)->is_up);
}

TEST_F(HealthCheckerTest, AsksAtAnotherPaceWhileTheCheckIsDown) {
  probes.at(a).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", "{kind: tcp, interval: 1s, unhealthyInterval: 10s, jitter: 0}"));
  scheduler.advance(1500ms);
  ASSERT_FALSE(health(a)->usable());
  ASSERT_EQ(probes.at(a).asked, 2);

  scheduler.advance(9s);
  EXPECT_EQ(probes.at(a).asked, 2);
  probes.at(a).behaviour = Behaviour::kPass;
  scheduler.advance(1s);
  EXPECT_TRUE(health(a)->usable());
  scheduler.advance(3s);

  EXPECT_EQ(probes.at(a).asked, 6) << "and at the usual one again";
}

TEST_F(HealthCheckerTest, AsksAtAnotherPaceWhereNobodySendsAnything) {
  apply(set_yaml("s", {a}) + policy_yaml("s", "{kind: tcp, interval: 1s, noTrafficInterval: 10s, jitter: 0}"));
  scheduler.advance(9s);
  EXPECT_EQ(probes.at(a).asked, 1);
  health(a)->record({Reason::kNone, 200, 0, 0});
  scheduler.advance(1500ms);
  ASSERT_EQ(probes.at(a).asked, 2);
  health(a)->record({Reason::kNone, 200, 0, 0});

  scheduler.advance(1s);

  EXPECT_EQ(probes.at(a).asked, 3) << "a request came between the last two";
}

TEST_F(HealthCheckerTest, RemembersTheLastFailureOfWhatIsUp) {
  probes.at(a).behaviour = Behaviour::kFail;
  apply(set_yaml("s", {a}) + policy_yaml("s", kTcpCheck));
  scheduler.advance(500ms);
  probes.at(a).behaviour = Behaviour::kPass;
  scheduler.advance(5s);

  EXPECT_TRUE(status("s", a)->is_up);
  EXPECT_EQ(status("s", a)->last_failure.why, "tcp check: unavailable: status 500");
  EXPECT_GT(scheduler.wall() - status("s", a)->last_failure.at, Duration(4s));
}
}  // namespace
}  // namespace heddle
