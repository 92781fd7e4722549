// The signing client against a real HttpServer over TLS on loopback: sockets, TLS, HTTP/2 and rpc together.
#include "proxy/identity/ca_client.h"

#include <gtest/gtest.h>

#include "tests/support/fake_control.h"

namespace heddle {
namespace {
constexpr std::string_view kWorkloadId = "spiffe://cluster.local/ns/default/sa/hello";

SpiffeId id_of(std::string_view text) { return *SpiffeId::parse(text); }

class CaClientTest : public testing::Test {
 protected:
  ~CaClientTest() override { end_connections(loop_, registry_); }
  HttpCaClient client(const std::vector<Address>& addresses) {
    std::vector<HostAddress> hosts(addresses.begin(), addresses.end());
    return HttpCaClient({loop_, registry_}, protocols_, tcp_, {std::move(hosts), id_of(kFakeControlId)});
  }
  CaRequest attestation(std::string_view token) {
    return {Csr::create(*key_, id_of(kWorkloadId))->to_pem(), Secret(token), {nullptr, control_.bundle()}};
  }
  Result<CaAnswer> sign(CaClient& client, CaRequest request) {
    std::optional<Result<CaAnswer>> got;
    Pending token = client.sign(std::move(request), [&](Result<CaAnswer> answer) { got = std::move(answer); });
    loop_.run_until([&] { return got.has_value(); });
    return std::move(*got);
  }

  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  FakeControl control_{loop_, kFakeControlId};
  std::shared_ptr<const PrivateKey> key_ = *PrivateKey::generate();
};

TEST_F(CaClientTest, GetsACertificateForAToken) {
  HttpCaClient ca = client({control_.address()});

  auto answer = sign(ca, attestation("good-token"));

  ASSERT_TRUE(answer) << answer.error().text();
  auto svid = Svid::from_pem(answer->chain_pem, key_, answer->issued_at);
  ASSERT_TRUE(svid) << svid.error().text();
  EXPECT_EQ(svid->id.text(), kWorkloadId);
  EXPECT_EQ(answer->roots->pins(), control_.bundle()->find("cluster.local")->pins());
}

TEST_F(CaClientTest, ShowsItsCertificateToRenew) {
  HttpCaClient ca = client({control_.address()});
  auto first = sign(ca, attestation("good-token"));
  ASSERT_TRUE(first) << first.error().text();
  CaRequest again = attestation("");
  again.material.svid = std::make_shared<const Svid>(*Svid::from_pem(first->chain_pem, key_, first->issued_at));

  auto answer = sign(ca, std::move(again));

  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(control_.renewed_by, std::vector<std::string>{std::string(kWorkloadId)});
}

TEST_F(CaClientTest, TellsTheControlPlanesRefusal) {
  HttpCaClient ca = client({control_.address()});

  auto answer = sign(ca, attestation("bad-token"));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kUnauthenticated);
}

TEST_F(CaClientTest, NeverSendsATokenToAnybodyElse) {
  FakeControl other(loop_, "spiffe://cluster.local/ns/default/sa/thief");
  HttpCaClient ca = client({other.address()});
  CaRequest request = attestation("good-token");
  request.material.bundle = other.bundle();

  auto answer = sign(ca, std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kUpstreamIdentityUnexpected);
  EXPECT_TRUE(other.attested.empty());
}

TEST_F(CaClientTest, AsksTheNextAddressWhenOneIsAway) {
  HttpCaClient ca = client({Address::loopback(1), control_.address()});

  auto answer = sign(ca, attestation("good-token"));

  ASSERT_TRUE(answer) << answer.error().text();
}

TEST_F(CaClientTest, IsSilentOnceItsTokenIsGone) {
  HttpCaClient ca = client({control_.address()});
  bool answered = false;
  Pending token = ca.sign(attestation("good-token"), [&](Result<CaAnswer>) { answered = true; });

  loop_.run_until([&] { return !control_.attested.empty(); });
  token.reset();
  auto other = sign(ca, attestation("good-token"));

  EXPECT_TRUE(other);
  EXPECT_FALSE(answered);
}
}  // namespace
}  // namespace heddle
