// What health endpoints and admin answer, without a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/event/loop_thread.h"
#include "proxy/admin/admin_server.h"
#include "proxy/admin/config_view.h"
#include "proxy/admin/health_endpoints.h"
#include "proxy/upstream/endpoint_tls.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

class HealthAnswers : public testing::Test {
 protected:
  RpcRequest ask(std::string query = "") {
    RpcRequest request;
    request.query = std::move(query);
    return request;
  }
  ManualScheduler clock;
  Readiness readiness;
  Registry metrics;
  std::vector<LoopWatchdog::Beat> loops;
  HealthProviders providers{
      clock,
      readiness,
      metrics,
      [this] { return loops; },
      {"config", "identity"},
      [](std::string_view item) { return item == "identity" ? "SVID expired: a new join token is needed" : ""; }};
};

TEST_F(HealthAnswers, LivezIsOkWhileEveryLoopTurns) {
  loops = {{"worker-0", clock.now()}, {"worker-1", clock.now() - 4s}};

  EXPECT_EQ(answer_livez(providers, ask()).status, 200);
  EXPECT_EQ(answer_livez(providers, ask()).body, "ok\n");
}

TEST_F(HealthAnswers, LivezNamesTheLoopThatIsStuck) {
  loops = {{"worker-0", clock.now()}, {"worker-1", clock.now() - 7s}};

  RpcResponse answer = answer_livez(providers, ask());

  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("[-]worker-1 failed: no turn for 7s"));
  EXPECT_THAT(answer.body, HasSubstr("[+]worker-0 ok"));
}

TEST_F(HealthAnswers, ReadyzNamesWhatIsMissingAndWhatHelps) {
  auto blocker = readiness.block("identity");

  RpcResponse answer = answer_readyz(providers, ask());

  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body,
            "[+]config ok\n[-]identity failed: SVID expired: a new join token is needed\nreadyz check failed\n");
}

TEST_F(HealthAnswers, ReadyzShowsBlockersNobodyAnnounced) {
  auto blocker = readiness.block("shutdown");

  EXPECT_THAT(answer_readyz(providers, ask()).body, HasSubstr("[-]shutdown failed"));
}

TEST_F(HealthAnswers, ReadyzIsShortUnlessAskedForMore) {
  EXPECT_EQ(answer_readyz(providers, ask()).body, "ok\n");
  EXPECT_EQ(answer_readyz(providers, ask("verbose")).body, "[+]config ok\n[+]identity ok\nreadyz check passed\n");
}

TEST_F(HealthAnswers, ReadyzExcludesWhatIsNamed) {
  auto identity = readiness.block("identity");
  auto config = readiness.block("config");

  EXPECT_EQ(answer_readyz(providers, ask("exclude=identity")).status, 503);
  EXPECT_EQ(answer_readyz(providers, ask("exclude=identity&exclude=config")).status, 200);
  EXPECT_THAT(answer_readyz(providers, ask("exclude=nothing")).body, HasSubstr("warning: nothing to exclude"));
}

TEST(LoopWatchdogThreads, SeesAnIdleLoopAliveAndAStuckOneNot) {
  Loop main;
  LoopThread idle("idle");
  LoopThread stuck("stuck");
  std::atomic<bool> release{false};
  LoopWatchdog watchdog(main);
  watchdog.watch("idle", idle.loop());
  watchdog.watch("stuck", stuck.loop());
  stuck.loop().post([&] {
    while (!release) std::this_thread::yield();
  });

  auto before = watchdog.beats();

  main.run_until([&] { return watchdog.beats()[0].last > before[0].last; });

  EXPECT_EQ(watchdog.beats()[1].last, before[1].last);
  release = true;
}

class LoopbackRules : public testing::Test {
 protected:
  RpcRequest request(std::string method, std::string host) {
    RpcRequest made;
    made.method = std::move(method);
    made.authority = std::move(host);
    return made;
  }
  Reason refused(const RpcRequest& request) {
    auto checked = check_loopback_request(request, &token);
    return checked ? Reason::kNone : checked.error().reason;
  }
  AdminToken token = AdminToken::of("secret");
};

TEST_F(LoopbackRules, AdmitTheNamesOfThisMachine) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:15000", "localhost:15000", "LocalHost", "[::1]:15000", "[::1]"}) {
    EXPECT_EQ(refused(request("GET", host)), Reason::kNone) << host;
  }
}

TEST_F(LoopbackRules, RefuseEveryOtherHost) {
  for (const char* host :
       {"", "evil.example", "evil.example:15000", "127.0.0.1.evil.example", "localhost.evil", "[::1", "[::2]:80"}) {
    EXPECT_EQ(refused(request("GET", host)), Reason::kForbidden) << host;
  }
}

TEST_F(LoopbackRules, RefuseWebPagesEvenWithTheToken) {
  RpcRequest from_page = request("POST", "localhost");
  from_page.headers = {{"origin", "http://localhost:15000"}, {"authorization", "Bearer secret"}};

  EXPECT_EQ(refused(from_page), Reason::kForbidden);
}

TEST_F(LoopbackRules, DemandTheTokenForChanges) {
  RpcRequest post = request("POST", "localhost");
  EXPECT_EQ(refused(post), Reason::kUnauthenticated);

  post.headers = {{"authorization", "Bearer wrong"}};
  EXPECT_EQ(refused(post), Reason::kUnauthenticated);

  post.headers = {{"authorization", "Bearer secret"}};
  EXPECT_EQ(refused(post), Reason::kNone);
}

TEST(AdminTokenFile, IsPrivateAndNewAtEveryStart) {
  char directory[] = "/tmp/heddle-token-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  std::string path = str_cat(directory, "/admin.token");

  auto first = AdminToken::create(directory);
  std::string shown(trim(*read_file(path, 1024)));
  shown.erase(shown.find_last_not_of('\n') + 1);
  auto second = AdminToken::create(directory);

  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(shown.size(), 64U);
  EXPECT_TRUE(first->matches(shown));
  EXPECT_FALSE(second->matches(shown));
  std::filesystem::remove_all(directory);
}

TEST(CertsView, ShowsTimesAndPinsButNoKey) {
  TestCa ca("cluster.local");
  auto svid = std::make_shared<const Svid>(ca.issue("spiffe://cluster.local/ns/a/sa/b"));
  auto identity = *TlsIdentity::create({svid, std::make_shared<const TrustBundle>(ca.bundle())});

  std::string json = certs_json(identity.get(), kTestNow);

  EXPECT_THAT(json, HasSubstr("spiffe://cluster.local/ns/a/sa/b"));
  EXPECT_THAT(json, HasSubstr("\"notAfter\":\"2049-01-01T00:00:00.000Z\""));
  EXPECT_THAT(json, HasSubstr(ca.roots()->pins()[0]));
  EXPECT_THAT(json, HasSubstr("\"expired\":false"));
  EXPECT_THAT(json, Not(HasSubstr("PRIVATE")));
}

TEST(CertsView, SaysSoWhenThereIsNoIdentityYet) { EXPECT_EQ(certs_json(nullptr, kTestNow), "{\"svid\":null}"); }

class SilentProbes final : public ProbeFactory {
  struct Silent final : Probe {
    Pending run(OnResult) override { return nullptr; }
  };
  std::unique_ptr<Probe> make(const ProbeSpec&) override { return std::make_unique<Silent>(); }
};

class BackendRowsTest : public testing::Test {
 protected:
  std::vector<BackendTable> rows(const std::string& yaml) {
    auto snapshot = snapshot_of(yaml);
    checker.apply(*snapshot);
    return collect_backends(*snapshot, {table, checker, scheduler});
  }
  ManualScheduler scheduler;
  SilentProbes probes;
  SeededRandom random;
  Registry metrics;
  HealthTable table;
  HealthChecker checker{{scheduler, probes, table, random, metrics, Logger()}};
  const std::string two_endpoints = R"(
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: s}
spec:
  endpoints:
  - {address: 10.0.0.1, port: 80, identity: "spiffe://cluster.local/ns/a/sa/b"}
  - {address: 10.0.0.2, port: 80, identity: "spiffe://cluster.local/ns/a/sa/c"}
)";
};

TEST_F(BackendRowsTest, ShowWhatNobodyChecksAsUnchecked) {
  auto tables = rows(two_endpoints);

  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].name, "default/s");
  EXPECT_EQ(tables[0].rows[0].address, "10.0.0.1:80");
  EXPECT_EQ(tables[0].rows[0].identity, "spiffe://cluster.local/ns/a/sa/b");
  EXPECT_EQ(tables[0].rows[0].state, BackendState::kNotChecked);
}

TEST_F(BackendRowsTest, SayWhyAnEndpointIsNotUsed) {
  table.get({*Address::parse("10.0.0.2:80"), "spiffe://cluster.local/ns/a/sa/c"})
      ->set(HealthFlag::kEjected, scheduler.wall());
  scheduler.advance(5s);

  auto tables = rows(two_endpoints);

  EXPECT_EQ(tables[0].rows[1].state, BackendState::kDown);
  EXPECT_EQ(tables[0].rows[1].why, "ejected as an outlier");
  EXPECT_EQ(tables[0].rows[1].downtime, Duration(5s));
  EXPECT_EQ(totals_of(tables[0]).usable, 1U);
}

TEST_F(BackendRowsTest, SayForHowLongAndWhyAnEndpointIsEjected) {
  auto group = table.outliers().get({Kind::kBackendSet, "default", "s"});
  std::vector<std::shared_ptr<OutlierEndpoint>> cells;
  auto snapshot = snapshot_of(two_endpoints);
  for (const Endpoint& endpoint : snapshot->backend_sets()[0]->spec->endpoints) {
    cells.push_back(group->get(endpoint.key, table.get(health_key(endpoint.key)), true));
  }
  OutlierSpec spec;
  ASSERT_TRUE(group->eject(*cells[1], {EjectionCause::kConsecutiveErrors, 5, 0}, spec, scheduler.now(), 0));
  scheduler.advance(10s);

  auto tables = rows(two_endpoints);
  const BackendRow& row = tables[0].rows[1];

  EXPECT_EQ(row.state, BackendState::kDown);
  EXPECT_EQ(row.why, "ejected: 5 errors in a row");
  EXPECT_EQ(row.outlier->left, Duration(20s));
  EXPECT_EQ(row.outlier->ejections, 1U);
  EXPECT_EQ(tables[0].rows[0].outlier->state, OutlierState::kIn);
  EXPECT_EQ(totals_of(tables[0]).usable, 1U);
  EXPECT_THAT(
      backends_json(tables),
      HasSubstr(R"("outlier":{"state":"ejected","ejections":1,"cause":"consecutive-errors","why":"5 errors in a )"
                R"(row","leftSeconds":20)"));
}
}  // namespace
}  // namespace heddle
