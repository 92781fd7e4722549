// Who is turned away before the issuer is asked, through a whole control plane on loopback: a line each, by whom and
// why, and no more lines than the disk can bear.
#include <algorithm>

#include "certs/peer_certificate.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
struct Line {
  std::string type;
  std::string status;
  std::string detail;
  std::string caller;
  std::string address;
};

class ControlAuditTest : public testing::Test {
 protected:
  std::vector<Line> lines() const {
    std::vector<Line> out;
    for (const std::string& text : split_lines(rig_.read("audit.log"))) {
      JsonValue line = *JsonValue::parse(text);
      auto field = [&](std::string_view name) { return std::string(line.find(name)->as_string().value_or("")); };
      out.push_back({field("audit"), field("status"), field("detail"), field("caller_id"), field("caller_addr")});
    }
    return out;
  }
  static std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> out;
    for (size_t at = 0; at < text.size();) {
      size_t end = text.find('\n', at);
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
  void expect_last(std::string_view type, std::string_view status, std::string_view detail) {
    Line last = lines().back();
    EXPECT_EQ(last.type, type);
    EXPECT_EQ(last.status, status);
    EXPECT_NE(last.detail.find(detail), std::string::npos) << last.detail;
    EXPECT_TRUE(last.address.starts_with("127.0.0.1:")) << last.address;
  }
  ControlRig rig_;
};

TEST_F(ControlAuditTest, ABodyThatIsNoRequestIsALine) {
  EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/attest", "{").status, 401);

  expect_last("attest", "bad-request", "");
}

TEST_F(ControlAuditTest, ABodyThatIsTooLargeIsALine) {
  EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/attest", std::string(100'000, 'x')).status, 413);

  expect_last("attest", "too-large", "65536");
}

TEST_F(ControlAuditTest, ARenewalWithoutACertificateIsALine) {
  EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/renew", "{}").status, 401);

  expect_last("renew", "unauthenticated", "no client certificate");
}

TEST_F(ControlAuditTest, AMalformedRenewalIsALineOfItsCaller) {
  EXPECT_EQ(rig_.call_watch_port(rig_.new_svid(), "/v1/renew", R"({"csr":5})").status, 400);

  expect_last("renew", "bad-request", "csr");
  EXPECT_EQ(lines().back().caller, "spiffe://cluster.local/ns/default/sa/web");
}

TEST_F(ControlAuditTest, AnUnknownPathIsALine) {
  EXPECT_EQ(rig_.call_watch_port(rig_.new_svid(), "/v1/sign", "{}").status, 404);

  expect_last("deny", "not-found", "/v1/sign");
}

TEST_F(ControlAuditTest, AttestationsThatFailTooOftenAreLinesAndEndInACount) {
  for (int i = 0; i < 60; ++i) {
    RpcResponse answer = rig_.call_watch_port(nullptr, "/v1/attest", R"({"token":"x","csr":"y"})");
    ASSERT_TRUE(answer.status == 401 || answer.status == 429) << answer.status;
  }

  auto all = lines();
  auto count = [&](std::string_view status) {
    return std::count_if(all.begin(), all.end(),
                         [&](const Line& l) { return l.type == "attest" && l.status == status; });
  };
  EXPECT_GE(count("unauthenticated"), 10);
  EXPECT_GE(count("rate-limited"), 1);
  EXPECT_LE(count("unauthenticated") + count("rate-limited"), 25) << "the rest is counted";
  rig_.stop();
  EXPECT_NE(rig_.read("audit.log").find(R"("audit":"suppressed")"), std::string::npos);
  rig_.start();
}

TEST_F(ControlAuditTest, WrongAdminTokensBeyondTheLimitAreCountedToo) {
  for (int i = 0; i < 60; ++i) EXPECT_NE(rig_.call_as("wrong", "GET", "/v1/ca").status, 200);

  auto all = lines();
  EXPECT_LE(std::count_if(all.begin(), all.end(), [](const Line& l) { return l.type == "deny"; }), 25);
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const Line& l) { return l.status == "rate-limited"; }));
}

TEST_F(ControlAuditTest, ACertificateOfAnotherTrustDomainOrRootIsALine) {
  auto shown = [this](const TestCa& ca, std::string_view id) {
    size_t before = lines().size();
    ScriptedSidecar sidecar(rig_, std::make_shared<const Svid>(ca.issue(id)));
    sidecar.connect({});
    EXPECT_FALSE(sidecar.is_open());
    EXPECT_TRUE(rig_.run_until([&] { return lines().size() > before; }));
  };

  shown(TestCa("other.test"), "spiffe://other.test/ns/a/sa/b");
  expect_last("handshake", "peer-trust-domain-unknown", "spiffe://other.test/ns/a/sa/b");
  shown(TestCa("cluster.local"), "spiffe://cluster.local/ns/a/sa/b");
  expect_last("handshake", "peer-certificate-invalid", "");
}
}  // namespace
}  // namespace heddle
