// HealthChecker with real probes against real servers on loopback: plaintext and mutual TLS, HTTP and TCP.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/tls/tls_transport.h"
#include "proxy/upstream/health_checker.h"
#include "proxy/upstream/network_probes.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/raw_origin.h"
#include "tests/support/run_turns.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr const char* kWorker = "spiffe://cluster.local/ns/default/sa/worker";

// A server that answers `status` to everything on /healthz and can go away and come back on the same port.
class Endpoint0 {
 public:
  Endpoint0(Loop& loop, Protocols& protocols)
      : loop_(loop), server_(SessionContext{loop, registry_}, protocols, HttpServerLimits{}) {
    server_.route("GET", "/healthz", [this](const RpcRequest&, HttpServer::Respond respond) {
      ++requests;
      respond(RpcResponse::text(status, "hello\n"));
    });
  }
  void start() {
    ListenSpec spec;
    spec.address = address;
    auto accept = [this](std::unique_ptr<Transport> transport) { serve(std::move(transport)); };
    auto listener = Listener::listen(loop_, spec, cap_, std::move(accept));
    ASSERT_TRUE(listener) << listener.error().text();
    listener_ = *std::move(listener);
    listener_->start();
  }
  void stop() {
    listener_.reset();
    held_.clear();
    registry_.abort_all(make_error(Reason::kDraining, ""));
  }
  bool idle() const { return registry_.size() == 0; }

  KeptPort port;  // nobody else's while it is away
  Address address = port.address();
  uint16_t status = 200;
  int requests = 0;
  int accepted = 0;
  bool cuts_off = false;  // accepts, finishes TLS and resets
  std::shared_ptr<const TlsContext> tls;

 private:
  void serve(std::unique_ptr<Transport> transport) {
    ++accepted;
    if (tls != nullptr) transport = make_tls_transport(loop_, std::move(transport), TlsSetup{tls, {}, {}, 60s, {}});
    if (!cuts_off) return server_.serve(std::move(transport));
    held_.push_back(std::make_unique<Cut>(std::move(transport)));
  }
  struct Cut final : Transport::Observer {
    explicit Cut(std::unique_ptr<Transport> t) : transport(std::move(t)) { transport->observe(this); }
    void on_connected() override { transport->close(CloseMode::kAbort); }
    void on_data(Buffer&) override {}
    void on_end() override {}
    void on_drained() override {}
    void on_closed(const Error&) override {}
    std::unique_ptr<Transport> transport;
  };
  Loop& loop_;
  ConnectionRegistry registry_;
  ConnectionCap cap_{100};
  HttpServer server_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Cut>> held_;
};

class HealthCheckNetwork : public testing::Test, private ClientTlsSource {
 protected:
  Result<std::shared_ptr<const TlsContext>> client_context() override {
    if (identity == nullptr) return make_error(Reason::kUnavailable, "no identity yet");
    return identity->client;
  }
  ~HealthCheckNetwork() override {
    checker.reset();
    server.stop();
    probe_connections.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return server.idle() && probe_connections.size() == 0; });
  }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  static std::shared_ptr<const TlsIdentity> identity_of(const TestCa& ca, std::string_view id) {
    auto svid = std::make_shared<const Svid>(ca.issue(id));
    return *TlsIdentity::create({svid, std::make_shared<const TrustBundle>(ca.bundle())});
  }
  void use_mtls(std::string_view servers_id) {
    identity = identity_of(ca, "spiffe://cluster.local/ns/default/sa/client");
    server.tls = identity_of(ca, servers_id)->server;
  }
  void check(std::string_view tls, std::string_view kind) {
    std::string yaml =
        str_cat("apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: s}\nspec:\n  tls: ", tls,
                "\n  endpoints:\n  - {address: 127.0.0.1, port: ", std::to_string(server.address.port()));
    yaml += tls == "mtls" ? str_cat(", identity: \"", kWorker, "\"}\n") : "}\n";
    yaml += str_cat(
        "---\napiVersion: heddle.dev/v1\nkind: HealthPolicy\nmetadata: {name: s}\nspec:\n"
        "  targetRef: {kind: BackendSet, name: s}\n  active: [{kind: ",
        kind, kind == "http" ? ", path: /healthz" : "",
        ", interval: 100ms, timeout: 30s, unhealthyThreshold: 2, healthyThreshold: 1}]\n");
    snapshot = snapshot_of(yaml);
    checker->apply(*snapshot);
    const BackendSetEntry* set = snapshot->find_backend_set({"default", "s"});
    health = table.get(health_key(set->spec->endpoints[0].key));
  }
  bool checked_at_least(uint64_t n) { return health->checks() >= n; }
  std::string why() {
    return checker->status({Kind::kBackendSet, "default", "s"}, snapshot->backend_sets()[0]->spec->endpoints[0].key)
        ->why_down;
  }

  Loop loop;
  Protocols protocols{loop, HttpLimits{}};
  TestCa ca{"cluster.local"};
  std::shared_ptr<const TlsIdentity> identity;
  Endpoint0 server{loop, protocols};
  TcpConnector tcp{loop};
  ConnectionRegistry probe_connections;
  NetworkProbes probes{ProbeContext{{loop, probe_connections}, protocols, tcp, *this}};
  HealthTable table;
  SystemRandom random;
  Registry metrics;
  CapturedLog log;
  std::unique_ptr<HealthChecker> checker = std::make_unique<HealthChecker>(
      HealthCheckerInputs{loop, probes, table, random, metrics, log.log().module("health")});
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<EndpointHealth> health;
};

TEST_F(HealthCheckNetwork, HttpSeesAServerGoAndComeBack) {
  server.start();
  check("plaintext", "http");
  run_until([&] { return checked_at_least(3); });
  ASSERT_TRUE(health->usable());

  server.stop();
  run_until([&] { return !health->usable(); });
  EXPECT_EQ(health->last_check().reason, Reason::kUpstreamConnectRefused);
  server.start();
  run_until([&] { return health->usable(); });

  EXPECT_EQ(health->transitions_down(), 1U);
}

TEST_F(HealthCheckNetwork, HttpKeepsItsConnection) {
  server.start();
  check("plaintext", "http");

  run_until([&] { return checked_at_least(4); });

  EXPECT_EQ(server.accepted, 1);
  EXPECT_GE(server.requests, 4);
}

TEST_F(HealthCheckNetwork, HttpJudgesTheStatus) {
  server.start();
  server.status = 503;
  check("plaintext", "http");

  run_until([&] { return !health->usable(); });

  EXPECT_EQ(health->last_check().status, 503);
  EXPECT_EQ(why(), "http check: unavailable: status 503, expected 200-299");
}

TEST_F(HealthCheckNetwork, HttpOverMutualTlsSeesAServerGoAndComeBack) {
  use_mtls(kWorker);
  server.start();
  check("mtls", "http");
  run_until([&] { return checked_at_least(3); });
  ASSERT_TRUE(health->usable()) << why();
  EXPECT_EQ(server.accepted, 1);

  server.stop();
  run_until([&] { return !health->usable(); });
  server.start();
  run_until([&] { return health->usable(); });

  EXPECT_EQ(health->transitions_down(), 1U);
}

TEST_F(HealthCheckNetwork, RefusesAServerWithAnotherIdentity) {
  use_mtls("spiffe://cluster.local/ns/default/sa/other");
  server.start();
  check("mtls", "http");

  run_until([&] { return !health->usable(); });

  EXPECT_EQ(health->last_check().reason, Reason::kUpstreamIdentityUnexpected);
  EXPECT_EQ(server.requests, 0);
}

TEST_F(HealthCheckNetwork, FailsWithoutAnIdentityOfOurOwn) {
  server.start();
  check("mtls", "http");

  run_until([&] { return !health->usable(); });

  EXPECT_NE(why().find("no identity yet"), std::string::npos) << why();
}

TEST_F(HealthCheckNetwork, TcpSeesAPortOpenAndClosed) {
  server.start();
  check("plaintext", "tcp");
  run_until([&] { return checked_at_least(3); });
  ASSERT_TRUE(health->usable());

  server.stop();
  run_until([&] { return !health->usable(); });
  server.start();
  run_until([&] { return health->usable(); });

  EXPECT_EQ(server.requests, 0);
}

TEST_F(HealthCheckNetwork, TcpOverMutualTlsIsNotFooledByASidecarWithoutApplication) {
  use_mtls(kWorker);
  server.start();
  check("mtls", "tcp");
  run_until([&] { return checked_at_least(2); });
  ASSERT_TRUE(health->usable()) << why();

  server.cuts_off = true;
  run_until([&] { return !health->usable(); });

  EXPECT_EQ(health->last_check().reason, Reason::kUpstreamReset);
}

}  // namespace
}  // namespace heddle
