// The bundle endpoint of a whole control plane on loopback: what strangers get, what they see of a rotation, and whose
// certificate they are shown.
#include <deque>
#include <thread>

#include "certs/authorizer.h"
#include "certs/jwks.h"
#include "control/app/own_bundle_endpoint.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/blocking_http.h"
#include "tests/support/control_rig.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
void listen(ControlOptions& options) { options.bundle_listen = Address::loopback(0); }

// Fetches as SPIFFE Federation §5.2.2 says: the server must be the control plane, by the roots of its trust domain.
RpcResponse fetch(ControlRig& rig, RpcRequest request = {}) {
  if (request.path.empty()) request.path = "/";
  TlsConnector tls(rig.loop, rig.tcp, [&rig]() -> Result<TlsSetup> {
    TlsContext::Options options{TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp1)}};
    TlsSetup setup;
    HEDDLE_TRY(setup.context, TlsContext::create({nullptr, rig.bundle()}, std::move(options)));
    HEDDLE_TRY(SpiffeId id, SpiffeId::parse("spiffe://cluster.local/ns/heddle-system/sa/heddle-control"));
    setup.check = Authorizer::exact(id);
    return setup;
  });
  HttpClientOptions options;
  options.scheme = "https";
  HttpClient http(rig.context(), rig.protocols, tls, *rig.server_->bundle_address(), options);
  std::optional<Result<RpcResponse>> answer;
  Pending pending = http.call(std::move(request), ControlRig::kPatience,
                              [&](Result<RpcResponse> r) { answer.emplace(std::move(r)); });
  rig.run_until([&] { return answer.has_value(); });
  EXPECT_TRUE(answer && answer->has_value()) << (answer ? answer->error().text() : "no answer");
  return answer && *answer ? **std::move(answer) : RpcResponse::text(0, "");
}

// The fingerprint of what the server shows to a client that believes everybody, on a thread of its own.
std::string shown(ControlRig& rig) {
  std::string print;
  bool is_done = false;
  std::thread client([&, address = *rig.server_->bundle_address()] {
    BlockingClient tcp(address);
    SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), tcp.fd());
    if (SSL_connect(ssl.get()) == 1) print = fingerprint_of(SSL_get0_peer_certificate(ssl.get()));
    ERR_clear_error();
    rig.loop.post([&] { is_done = true; });
  });
  rig.run_until([&] { return is_done; });
  client.join();
  return print;
}

int64_t sequence_of(const RpcResponse& answer) {
  return JsonValue::parse(answer.body)->find("spiffe_sequence")->as_integer().value_or(-1);
}

std::vector<std::string> pins_of(const RpcResponse& answer) {
  return (*parse_jwks(*TrustDomain::parse("cluster.local"), answer.body))->pins();
}

TEST(ControlBundle, IsServedToNobodyUnlessAsked) {
  ControlRig rig;

  EXPECT_EQ(rig.server_->bundle_address(), nullptr);
  EXPECT_EQ(rig.metrics().render().find("heddle_control_bundle_"), std::string::npos);
}

TEST(ControlBundle, IsWhatSidecarsAreToldToTrust) {
  ControlRig rig(listen);

  RpcResponse answer = fetch(rig);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(pins_of(answer), rig.bundle()->find("cluster.local")->pins());
  EXPECT_NE(rig.metrics().render().find("heddle_control_bundle_answers_total 1"), std::string::npos);
}

TEST(ControlBundle, FollowsARotation) {
  ControlRig rig(listen);
  int64_t before = sequence_of(fetch(rig));

  ASSERT_EQ(rig.call("POST", "/v1/ca/prepare").status, 200);
  RpcResponse prepared = fetch(rig);
  ASSERT_EQ(rig.call("POST", "/v1/ca/activate").status, 200);
  ASSERT_EQ(rig.call("POST", "/v1/ca/retire").status, 200);
  RpcResponse retired = fetch(rig);

  EXPECT_EQ(pins_of(prepared).size(), 2U);
  EXPECT_EQ(pins_of(retired).size(), 1U);
  EXPECT_GT(sequence_of(prepared), before);
  EXPECT_GT(sequence_of(retired), sequence_of(prepared));
}

TEST(ControlBundle, NothingElseIsThere) {
  ControlRig rig(listen);
  RpcRequest post;
  post.method = "POST";
  RpcRequest api;
  api.path = "/v1/ca";
  api.headers.emplace_back("authorization", str_cat("Bearer ", rig.admin_token()));

  EXPECT_EQ(fetch(rig, post).status, 405);
  EXPECT_EQ(fetch(rig, api).status, 404);
}

TEST(ControlBundle, OneAddressHoldsAPartOfThePlacesOnly) {
  ControlRig rig(listen);
  size_t places = std::min(OwnBundleEndpoint::kMostConnections, ConnectionCap::default_limit(0.01, 1));
  size_t most = std::max(OwnBundleEndpoint::kLeastOfSource, places / OwnBundleEndpoint::kSources);
  std::deque<BlockingClient> silent;
  auto shows = [&rig](std::string_view line) { return rig.metrics().render().find(line) != std::string::npos; };

  while (silent.size() < most + 2) silent.emplace_back(*rig.server_->bundle_address());

  ASSERT_TRUE(rig.run_until([&] { return shows("heddle_control_bundle_crowded_total 2\n"); }));
  EXPECT_EQ(silent.back().read_all(), "");
  EXPECT_NE(silent.back().ended(), Ended::kNot);
  silent.clear();
  ASSERT_TRUE(rig.run_until([&] { return shows("heddle_control_bundle_connections 0\n"); }));
  EXPECT_EQ(fetch(rig).status, 200);
}

class ControlBundleOfFiles : public testing::Test {
 protected:
  ControlBundleOfFiles() { print_ = write("first.example.org"); }
  // The certificate's fingerprint.
  std::string write(std::string_view name) {
    CertSpec spec;
    spec.dns = {std::string(name)};
    Svid made = ca_.issue(spec);
    Secret key = *made.key->to_pem();
    files_ = {folder_.write("web.pem", made.chain_pem(), kPublicFile), folder_.write("web.key", key.view())};
    return fingerprint_of(made.chain.front().get());
  }
  ControlRig::Adjust adjust() {
    return [this](ControlOptions& options) {
      listen(options);
      options.bundle_files = files_;
    };
  }
  static bool has_metric(const ControlRig& rig, std::string_view line) {
    return rig.metrics().render().find(line) != std::string::npos;
  }
  TempDir folder_;
  TestCa ca_{"web.test"};
  BundleCertificateFiles files_;
  std::string print_;
};

TEST_F(ControlBundleOfFiles, ShowsTheirCertificateAndTheNextOne) {
  ControlRig rig(adjust());
  EXPECT_EQ(shown(rig), print_);

  std::string next = write("next.example.org");

  ASSERT_TRUE(rig.run_until([&] { return rig.has_logged("next.example.org"); }));
  EXPECT_EQ(shown(rig), next);
}

TEST_F(ControlBundleOfFiles, ARefusedReplacementLeavesTheOldOne) {
  ControlRig rig(adjust());

  folder_.write("web.pem", "no certificate\n", kPublicFile);

  EXPECT_TRUE(rig.run_until([&] { return has_metric(rig, "heddle_control_bundle_files_refused 1"); }));
  EXPECT_EQ(shown(rig), print_);
}
}  // namespace
}  // namespace heddle
