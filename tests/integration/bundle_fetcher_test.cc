// The client of bundle endpoints against a real HttpServer over TLS on loopback: names, sockets, TLS, HTTP and parsing
// together, for both profiles.
#include "control/federation/bundle_fetcher.h"

#include <gtest/gtest.h>

#include "certs/jwks.h"
#include "lib/base/strings.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/tls/tls_transport.h"
#include "tests/support/fake_control.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kEndpointId = "spiffe://p.test/control";

CertSpec web_leaf(std::string name) {
  CertSpec spec;
  spec.common_name = name;
  spec.dns = {std::move(name)};
  spec.names_criticality = Criticality::kNotCritical;
  return spec;
}

// A bundle endpoint with this certificate; what it answers is the test's.
class BundleServer {
 public:
  BundleServer(Loop& loop, const Svid& svid, std::vector<std::string> alpn) : loop_(loop) {
    TlsMaterial material{std::make_shared<const Svid>(svid), std::make_shared<const TrustBundle>()};
    context_ = *TlsContext::create(material, {TlsRole::kServer, PeerCertificatePolicy::kOptional, std::move(alpn)});
    server_.route("GET", "/bundle", [this](const RpcRequest& r, HttpServer::Respond respond) {
      asked.push_back(r.authority);
      had_certificate = had_certificate || r.peer_certificate != nullptr;
      if (!is_silent) return respond(answer);
      kept_.push_back(std::move(respond));
    });
    listener_ = *Listener::listen(loop_, {Address::loopback(0)}, cap_, [this](std::unique_ptr<Transport> accepted) {
      TlsSetup setup;
      setup.context = context_;
      server_.serve(make_tls_transport(loop_, std::move(accepted), std::move(setup)));
    });
    listener_->start();
  }
  ~BundleServer() {
    listener_->stop_accepting();
    for (HttpServer::Respond& respond : kept_) respond(answer);
    end_connections(loop_, registry_);
  }
  uint16_t port() const { return listener_->address().port(); }

  RpcResponse answer;
  bool is_silent = false;
  std::vector<std::string> asked;
  bool had_certificate = false;

 private:
  Loop& loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  std::shared_ptr<const TlsContext> context_;
  ConnectionCap cap_{100};
  HttpServer server_{{loop_, registry_}, protocols_, {}};
  std::vector<HttpServer::Respond> kept_;
  std::unique_ptr<Listener> listener_;
};

class BundleFetcherTest : public testing::Test {
 protected:
  ~BundleFetcherTest() override { end_connections(loop_, connections_); }
  RpcResponse bundle() const { return RpcResponse::json(200, *to_jwks(*partner_.roots())); }
  FetchRequest web(uint16_t port, std::string_view host = "localhost") const {
    return {*TrustDomain::parse("p.test"), {url(host, port), BundleProfile::kHttpsWeb, std::nullopt}, nullptr};
  }
  FetchRequest spiffe(uint16_t port, DomainRoots::Ptr roots, std::string_view id = kEndpointId) const {
    return {*TrustDomain::parse("p.test"),
            {url("127.0.0.1", port), BundleProfile::kHttpsSpiffe, *SpiffeId::parse(id)},
            std::move(roots)};
  }
  static HttpsUrl url(std::string_view host, uint16_t port) {
    return *HttpsUrl::parse(str_cat("https://", host, ":", std::to_string(port), "/bundle"));
  }
  Result<FederatedBundle> fetch(FetchRequest request, Duration whole = 60s) {
    HttpsBundleFetcher fetcher({loop_, connections_}, protocols_, tcp_, {ca_file_, 60s, 60s, whole});
    std::optional<Result<FederatedBundle>> got;
    Pending token = fetcher.fetch(std::move(request), [&](Result<FederatedBundle> r) { got = std::move(r); });
    loop_.run_until([&] { return got.has_value(); });
    return std::move(*got);
  }
  void expect_refused(FetchRequest request, std::string_view why, Duration whole = 60s) {
    auto got = fetch(std::move(request), whole);
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().text().find(why), std::string::npos) << got.error().text();
    EXPECT_NE(got.error().text().find("/bundle"), std::string::npos) << "names the URL: " << got.error().text();
  }

  Loop loop_;
  ConnectionRegistry connections_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  TempDir dir_;
  TestCa web_{"web.test"};
  TestCa partner_{"p.test"};
  std::string ca_file_ = dir_.write("cas.pem", web_.root_pem());
};

TEST_F(BundleFetcherTest, FetchesFromAWebServerByItsName) {
  for (const char* protocol : {"h2", "http/1.1"}) {
    BundleServer endpoint(loop_, web_.issue(web_leaf("localhost")), {protocol});
    endpoint.answer = bundle();

    auto got = fetch(web(endpoint.port()));

    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->roots->pins(), partner_.roots()->pins());
    EXPECT_EQ(endpoint.asked, std::vector{str_cat("localhost:", std::to_string(endpoint.port()))});
    EXPECT_FALSE(endpoint.had_certificate);
  }
}

TEST_F(BundleFetcherTest, FetchesFromAServerWithTheConfiguredId) {
  BundleServer endpoint(loop_, partner_.issue(kEndpointId), {"h2"});
  endpoint.answer = bundle();

  auto got = fetch(spiffe(endpoint.port(), partner_.roots()));

  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->roots->pins(), partner_.roots()->pins());
  EXPECT_FALSE(endpoint.had_certificate);
}

TEST_F(BundleFetcherTest, RefusesAWebServerOfAnotherNameOrCa) {
  BundleServer other_name(loop_, web_.issue(web_leaf("other.test")), {"h2"});
  BundleServer other_ca(loop_, TestCa("web.test").issue(web_leaf("localhost")), {"h2"});
  BundleServer workload(loop_, partner_.issue(kEndpointId), {"h2"});

  expect_refused(web(other_name.port()), "mismatch");
  expect_refused(web(other_ca.port()), "certificate of \"localhost\"");
  expect_refused(web(workload.port()), "certificate of \"localhost\"");
  EXPECT_TRUE(other_name.asked.empty() && other_ca.asked.empty() && workload.asked.empty());
}

TEST_F(BundleFetcherTest, RefusesAnotherIdOrRoot) {
  BundleServer endpoint(loop_, partner_.issue(kEndpointId), {"h2"});
  endpoint.answer = bundle();

  expect_refused(spiffe(endpoint.port(), partner_.roots(), "spiffe://p.test/other"), "expected spiffe://p.test/other");
  expect_refused(spiffe(endpoint.port(), TestCa("p.test").roots()), "chain to the roots of p.test");
  BundleServer web_server(loop_, web_.issue(web_leaf("localhost")), {"h2"});
  expect_refused(spiffe(web_server.port(), partner_.roots()), "URI");
  EXPECT_TRUE(endpoint.asked.empty());
}

TEST_F(BundleFetcherTest, FollowsNoRedirect) {
  BundleServer target(loop_, web_.issue(web_leaf("localhost")), {"h2"});
  BundleServer endpoint(loop_, web_.issue(web_leaf("localhost")), {"h2"});
  endpoint.answer = RpcResponse::text(302, "");
  endpoint.answer.headers.emplace_back("location", url("localhost", target.port()).text());

  expect_refused(web(endpoint.port()), "redirects are not followed");

  EXPECT_TRUE(target.asked.empty());
}

TEST_F(BundleFetcherTest, RefusesAnswersThatAreNoBundle) {
  BundleServer endpoint(loop_, web_.issue(web_leaf("localhost")), {"h2"});

  endpoint.answer = RpcResponse::text(503, "later");
  expect_refused(web(endpoint.port()), "answered 503");
  endpoint.answer = RpcResponse::json(200, "{}");
  expect_refused(web(endpoint.port()), "`keys` is required");
  endpoint.answer = RpcResponse::text(200, "<html>");
  expect_refused(web(endpoint.port()), "bundle of p.test");
  endpoint.answer = RpcResponse::json(200, str_cat(R"({"keys":[],"x":")", std::string(1024 * 1024, 'x'), R"("})"));
  expect_refused(web(endpoint.port()), "exceeds its limit");
}

TEST_F(BundleFetcherTest, WaitsForAnAnswerNoLongerThanItsDeadline) {
  BundleServer endpoint(loop_, web_.issue(web_leaf("localhost")), {"h2"});
  endpoint.is_silent = true;

  expect_refused(web(endpoint.port()), "no answer", 300ms);
}

TEST_F(BundleFetcherTest, NamesWhatCannotBeReached) {
  expect_refused(web(1), "localhost:1");
  expect_refused(web(443, "no-such-name.invalid"), "looking up \"no-such-name.invalid\"");
}

TEST_F(BundleFetcherTest, NamesTheCaFileThatCannotBeRead) {
  ca_file_ = dir_ / "none.pem";

  expect_refused(web(1), "--federation-ca-file");
}

TEST_F(BundleFetcherTest, IsSilentOnceItsTokenIsGone) {
  BundleServer endpoint(loop_, web_.issue(web_leaf("localhost")), {"h2"});
  endpoint.is_silent = true;
  HttpsBundleFetcher fetcher({loop_, connections_}, protocols_, tcp_, {ca_file_});
  bool answered = false;
  Pending token = fetcher.fetch(web(endpoint.port()), [&](Result<FederatedBundle>) { answered = true; });
  loop_.run_until([&] { return !endpoint.asked.empty(); });

  token.reset();
  endpoint.is_silent = false;
  endpoint.answer = bundle();
  auto other = fetch(web(endpoint.port()));

  EXPECT_TRUE(other);
  EXPECT_FALSE(answered);
}
}  // namespace
}  // namespace heddle
