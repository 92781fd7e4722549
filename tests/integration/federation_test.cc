// A sidecar whose bundle holds the roots of another trust domain: who comes from there shakes hands, and is let in by a
// rule that names it, and by nothing else.
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr std::string_view kPartnerId = "spiffe://partner.example/ns/default/sa/client";
constexpr std::string_view kNamed =
    "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: p}, spec: {action: allow, rules: [{from: "
    "[{identities: ['spiffe://partner.example/*']}]}, {from: [{namespaces: [default]}]}]}}\n";
constexpr std::string_view kEverybody =
    "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: p}, spec: {action: allow, rules: [{}]}}\n";
constexpr std::string_view kAllowAll =
    "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: d}, spec: {defaultAction: allow-all}}\n";

class Federation : public MeshFixture {
 protected:
  TrustBundle both() const {
    TrustBundle bundle = ca_.bundle();
    bundle.replace(partner_.roots());
    return bundle;
  }
  // hello.default, whose sidecar believes the partner, and the partner's client before it.
  void join_meshes(const Address& application, PortProtocol protocol = PortProtocol::kAuto) {
    Sidecar& inbound = add_inbound(application, InboundTls::kStrict, protocol);
    inbound.publish(identity_of(ca_.issue(kServerId), both()));
    outbound_ = std::make_unique<Sidecar>(outbound_settings(protocol));
    outbound_->publish(identity_of(partner_.issue(kPartnerId), both()));
    outbound_->publish(hello_snapshot({inbound.address()}, kServerId));
    if (!outbound_->start()) std::abort();
  }
  // Until the worker obeys what was published.
  std::string answer_with(std::string_view status) {
    std::string answer;
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (!answer.starts_with(status) && std::chrono::steady_clock::now() < give_up) {
      answer = BlockingClient(entry()).get("/");
    }
    return answer;
  }
  // Asks until this policy is what denied: a new configuration takes a moment.
  template <class Ask>
  void wait_for_denial(std::string_view policy, Ask ask) {
    std::string series = str_cat("heddle_authz_total{action=\"deny\",policy=\"", policy, "\"}");
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (inbound_[0]->metric(series) < 1 && std::chrono::steady_clock::now() < give_up) ask();
    ASSERT_GE(inbound_[0]->metric(series), 1) << series;
  }
  TestCa partner_{"partner.example"};
};

TEST_F(Federation, ACallerFromAnotherMeshIsDeniedWhereNoPolicyIs) {
  RawOrigin& origin = add_answering_origin("hello");
  join_meshes(origin.address());

  std::string answer = answer_with("HTTP/1.1 403 ");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_EQ(reason_of(answer), "authz-denied");
  EXPECT_EQ(origin.requests(), 0);
  EXPECT_GE(inbound_[0]->metric(R"(heddle_authz_total{action="deny",policy="none"})"), 1);
}

TEST_F(Federation, OnlyARuleThatNamesItsDomainLetsItIn) {
  RawOrigin& origin = add_answering_origin("hello");
  join_meshes(origin.address());
  auto ask = [this] { EXPECT_FALSE(BlockingClient(entry()).get("/").starts_with("HTTP/1.1 200 ")); };
  inbound_[0]->publish(snapshot_of(kEverybody));
  wait_for_denial("default/p", ask);
  inbound_[0]->publish(snapshot_of(kAllowAll));
  wait_for_denial("default/d", ask);
  EXPECT_EQ(origin.requests(), 0);

  inbound_[0]->publish(snapshot_of(kNamed));

  EXPECT_TRUE(answer_with("HTTP/1.1 200 ").starts_with("HTTP/1.1 200 "));
}

TEST_F(Federation, TheApplicationReadsWhoseCallerItIs) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    for (std::string head = read_request(peer); !head.empty(); head = read_request(peer)) peer.send(http_answer(head));
  });
  join_meshes(origin.address());
  inbound_[0]->publish(snapshot_of(kNamed));

  std::string answer = answer_with("HTTP/1.1 200 ");

  EXPECT_NE(answer.find(str_cat("URI=", kPartnerId)), std::string::npos) << answer;
}

TEST_F(Federation, ATunnelNeedsTheRuleToo) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    ++requests;
    peer.send("hello");
  });
  join_meshes(origin.address(), PortProtocol::kTcp);
  wait_for_denial("none", [this] { BlockingClient(entry()).read_all(); });
  EXPECT_EQ(origin.requests(), 0);

  inbound_[0]->publish(snapshot_of(kNamed));

  std::string said;
  auto give_up = std::chrono::steady_clock::now() + 60s;
  while (said.empty() && std::chrono::steady_clock::now() < give_up) said = BlockingClient(entry()).read_all();
  EXPECT_EQ(said, "hello");
}
}  // namespace
}  // namespace heddle
