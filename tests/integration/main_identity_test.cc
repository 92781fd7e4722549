// MainIdentity on a real loop: the sidecar's own connections obey its bundle as those of its workers do.
#include <gtest/gtest.h>

#include "certs/verify.h"
#include "proxy/app/sources.h"
#include "tests/support/published_identity.h"
#include "tests/support/run_turns.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kControl = "spiffe://td.test/ns/heddle-system/sa/heddle-control";

// Such as the watch stream's: a connection that we opened.
struct OpenedConnection final : Connection {
  void drain() override { is_drained = true; }
  void abort(const Error&) override {}
  ConnectionInfo describe() const override { return {}; }
  std::string_view protocol() const override { return "h2"; }
  size_t active_streams() const override { return 1; }
  bool is_trusted(const TrustBundle& bundle) const override { return has_root(bundle, *peer); }
  std::shared_ptr<const PeerCertificate> peer;
  bool is_drained = false;
};

class MainIdentityNetwork : public testing::Test {
 protected:
  MainIdentityNetwork() {
    identity_.follow(source_, [this] { ++heard_; });
  }
  void publish(const std::vector<const TestCa*>& trusted) {
    CertChain roots;
    for (const TestCa* ca : trusted) roots.push_back(ca->chain().back());
    auto bundle = std::make_shared<TrustBundle>();
    bundle->replace(*DomainRoots::create(new_.trust_domain(), std::move(roots), {}));
    auto svid = std::make_shared<const Svid>(new_.issue("spiffe://td.test/ns/a/sa/b"));
    source_.identities().publish(*TlsIdentity::create({svid, std::move(bundle)}));
    int before = heard_;
    ASSERT_TRUE(runs_until(loop_, [&] { return heard_ > before; }));
  }
  void connect(const TestCa& ca, OpenedConnection& connection) {
    connection.peer = verify_peer(ca.issue(kControl).chain, ca.bundle(), kTestNow)->peer;
    connections_.add(connection);
  }

  TestCa old_{"td.test"};
  TestCa new_{"td.test"};
  Loop loop_;
  ConnectionRegistry connections_;
  PublishedIdentity source_;
  int heard_ = 0;
  MainIdentity identity_{loop_, connections_};
};

TEST_F(MainIdentityNetwork, AConnectionToAControlPlaneOfARetiredRootEnds) {
  OpenedConnection retired;
  OpenedConnection believed;
  publish({&old_, &new_});
  connect(old_, retired);
  connect(new_, believed);

  publish({&new_});

  EXPECT_TRUE(runs_until(loop_, [&] { return retired.is_drained; }));
  EXPECT_FALSE(believed.is_drained);
}
}  // namespace
}  // namespace heddle
