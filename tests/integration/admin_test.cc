// The admin over real sockets: Unix socket, loopback TCP, health and stats endpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "lib/base/strings.h"
#include "lib/rpc/http_client.h"
#include "proxy/admin/admin_server.h"
#include "proxy/admin/health_endpoints.h"
#include "proxy/admin/stats_page.h"
#include "proxy/upstream/network_probes.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::HasSubstr;

class AdminNetwork : public testing::Test, private ClientTlsSource {
 protected:
  AdminNetwork() {
    char name[] = "/tmp/heddle-admin-XXXXXX";
    directory = mkdtemp(name);
    EXPECT_TRUE(admin.listen_socket(*Address::from_unix(socket_path())));
    EXPECT_TRUE(admin.listen_loopback(Address::loopback(0), AdminToken::of("secret")));
  }
  ~AdminNetwork() override {
    admin.abort();
    endpoint.abort();
    client_connections.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return admin.connections() + endpoint.connections() + client_connections.size() == 0; });
    std::filesystem::remove_all(directory);
  }
  Result<std::shared_ptr<const TlsContext>> client_context() override {
    return make_error(Reason::kUnavailable, "no identity");
  }
  std::string socket_path() const { return directory + "/admin.sock"; }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  RpcResponse ask(const Address& address, std::string_view what, RpcRequest request = {}, std::string host = "") {
    std::vector<std::string_view> words = split(what, ' ');
    size_t question = words[1].find('?');
    request.method = words[0];
    request.path = words[1].substr(0, question);
    if (question != std::string_view::npos) request.query = words[1].substr(question + 1);
    HttpClientOptions options;
    options.authority = host.empty() ? "localhost" : host;
    options.keep_connection = false;
    HttpClient client({loop, client_connections}, protocols, tcp, address, options);
    std::optional<Result<RpcResponse>> answer;
    auto call = client.call(std::move(request), 50s, [&](Result<RpcResponse> got) { answer = std::move(got); });
    run_until([&] { return answer.has_value(); });
    EXPECT_TRUE(answer->has_value()) << answer->error().text();
    return answer->has_value() ? **answer : RpcResponse{};
  }
  RpcResponse by_socket(std::string_view what) { return ask(*Address::from_unix(socket_path()), what); }
  RpcResponse by_tcp(std::string_view what, RpcRequest request = {}, std::string host = "") {
    return ask(admin.loopback_address(), what, std::move(request), std::move(host));
  }
  static RpcRequest with(std::string name, std::string value) {
    RpcRequest request;
    request.headers.emplace_back(std::move(name), std::move(value));
    return request;
  }

  std::string directory;
  Loop loop;
  Protocols protocols{loop, HttpLimits{}};
  ConnectionRegistry client_connections;
  TcpConnector tcp{loop};
  CapturedLog log;
  Registry metrics;
  SystemRandom random;
  HealthTable table;
  ConnectionRegistry probe_connections;
  NetworkProbes probes{ProbeContext{{loop, probe_connections}, protocols, tcp, *this}};
  HealthChecker checker{{loop, probes, table, random, metrics, Logger()}};
  std::shared_ptr<const Snapshot> snapshot;
  bool drained = false;
  AdminProviders::OnConnections waiting;
  AdminProviders::OnExplained explained;
  std::string facts;
  AdminProviders providers() {
    return {loop,
            log.log(),
            {"0.1.0", "node-1", loop.wall()},
            {table, checker, loop},
            [this] { return snapshot; },
            [] { return nullptr; },
            [this](AdminProviders::OnConnections done) {
              waiting = std::move(done);
              loop.post([this] { waiting({{"downstream", "h2", "10.0.0.9:1", "10.0.0.1:2", "spiffe://a/b", 3, 1}}); });
            },
            [this] { drained = true; },
            [] {
              return std::vector<ListenerRow>{
                  {"out", "outbound", "127.0.0.1:3306", "db.shop:3306", "server-first", {{"timeout", 2}}}};
            },
            [this](std::string_view body, AdminProviders::OnExplained done) {
              if (body.empty()) return done(make_error(Reason::kBadRequest, "url: is required"));
              explained = std::move(done);
              loop.post([this, asked = std::string(body)] { explained(str_cat("{\"asked\":", asked, "}")); });
            },
            [this](AdminProviders::OnFacts done) {
              if (facts.empty()) return done(make_error(Reason::kNotFound, "facts: off"));
              done(facts);
            }};
  }
  AdminServer admin{loop, protocols, providers()};
  HttpEndpoint endpoint{loop, protocols};
};

TEST_F(AdminNetwork, ShowsItsTableOfContents) {
  RpcResponse answer = by_socket("GET /");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("POST /drain"));
}

TEST_F(AdminNetwork, SocketIsForItsOwnerOnly) {
  struct stat status {};
  ASSERT_EQ(stat(socket_path().c_str(), &status), 0);

  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AdminNetwork, HasNothingToShowBeforeTheFirstConfiguration) {
  EXPECT_EQ(by_tcp("GET /config").status, info(Reason::kNoConfig).status);
  snapshot = snapshot_of(service_yaml("hello"));

  RpcResponse answer = by_tcp("GET /config");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"kind\":\"BackendSet\""));
}

TEST_F(AdminNetwork, ShowsBackendsWithTheirState) {
  snapshot = snapshot_of(service_yaml("hello"));

  RpcResponse answer = by_tcp("GET /backends");

  EXPECT_THAT(answer.body, HasSubstr("\"name\":\"default/hello\""));
  EXPECT_THAT(answer.body, HasSubstr("\"state\":\"no check\""));
}

TEST_F(AdminNetwork, ShowsWhatListenersLeadTo) {
  RpcResponse answer = by_tcp("GET /listeners");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("destination":"db.shop:3306","known":"server-first")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("detections":{"timeout":2})"));
}

TEST_F(AdminNetwork, ShowsConnectionsThatAreToldLater) {
  RpcResponse answer = by_tcp("GET /connections");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"peer\":\"10.0.0.9:1\""));
  EXPECT_THAT(answer.body, HasSubstr("\"streams\":3"));
}

TEST_F(AdminNetwork, PassesAQuestionOnAndAnswersLater) {
  RpcRequest question = with("authorization", "Bearer secret");
  question.body = R"({"url":"http://a/"})";

  RpcResponse answer = by_tcp("POST /explain", question);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"asked":{"url":"http://a/"}})");
  EXPECT_EQ(by_socket("POST /explain").status, 400);
  EXPECT_EQ(by_tcp("POST /explain").status, 401) << "over TCP it wants the token";
}

TEST_F(AdminNetwork, ChangesTheLogLevelThroughTheSocket) {
  log.log().module("upstream");

  RpcResponse answer = by_socket("POST /log?module=upstream&level=error");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(log.log().levels().at("upstream"), LogLevel::kError);
  EXPECT_EQ(by_socket("POST /log?module=nobody&level=error").status, 404);
  EXPECT_EQ(by_socket("POST /log?module=upstream&level=loud").status, 400);
}

TEST_F(AdminNetwork, RefusesChangesOverTcpWithoutTheToken) {
  EXPECT_EQ(by_tcp("POST /drain").status, 401);
  EXPECT_EQ(by_tcp("POST /drain", with("authorization", "Bearer no")).status, 401);
  EXPECT_FALSE(drained);

  EXPECT_EQ(by_tcp("POST /drain", with("authorization", "Bearer secret")).status, 202);
  EXPECT_TRUE(drained);
}

TEST_F(AdminNetwork, DoesNotTakeAGetForAChange) {
  EXPECT_EQ(by_tcp("GET /drain").status, 405);
  EXPECT_EQ(by_socket("GET /drain").status, 405);
  EXPECT_FALSE(drained);
}

TEST_F(AdminNetwork, ShowsWhatRequestsSaidOnItsSocketOnly) {
  EXPECT_EQ(by_socket("GET /facts").status, 404);
  facts = R"({"seen":0,"facts":[]})";

  EXPECT_EQ(by_socket("GET /facts").body, facts);
  EXPECT_EQ(by_tcp("GET /facts").status, 403);
  EXPECT_EQ(by_tcp("GET /facts", with("authorization", "Bearer secret")).status, 403);
}

TEST_F(AdminNetwork, RefusesForeignHostsAndWebPagesOverTcp) {
  EXPECT_EQ(by_tcp("GET /version", {}, "evil.example").status, 403);
  EXPECT_EQ(by_tcp("GET /version", with("origin", "http://evil.example")).status, 403);
  EXPECT_EQ(by_tcp("GET /version").status, 200);
}

TEST_F(AdminNetwork, ListensOnLoopbackOnly) {
  AdminServer open(loop, protocols, providers());

  auto refused = open.listen_loopback(*Address::parse("0.0.0.0:0"), AdminToken::of("x"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
}

TEST_F(AdminNetwork, ServesHealthMetricsAndStats) {
  Readiness readiness;
  auto blocker = readiness.block("config");
  HealthProviders health{loop, readiness, metrics, [] { return std::vector<LoopWatchdog::Beat>{}; }, {}, {}};
  add_health_routes(endpoint.server(), health);
  add_stats_routes(endpoint.server(), [] { return StatsPage{"n", "1", "none", {}, "ready", {}}; });
  ASSERT_TRUE(endpoint.listen(Address::loopback(0)));

  EXPECT_EQ(ask(endpoint.address(), "GET /livez").status, 200);
  EXPECT_EQ(ask(endpoint.address(), "GET /readyz").status, 503);
  EXPECT_EQ(ask(endpoint.address(), "GET /healthz").status, 503);
  EXPECT_THAT(ask(endpoint.address(), "GET /metrics").content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(ask(endpoint.address(), "GET /stats").body, HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(ask(endpoint.address(), "GET /stats;csv").body, HasSubstr("# pxname,svname,"));
}

}  // namespace
}  // namespace heddle
