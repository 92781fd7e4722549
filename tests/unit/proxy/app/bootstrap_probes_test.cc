#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
Result<Settings> with(std::string_view probes, std::string_view more = "health: {address: '127.0.0.1:1'}\n") {
  return parse_bootstrap(str_cat("node: a\nidentity: {source: none}\n", more, "applicationProbes: ", probes, "\n"),
                         "proxy.yaml");
}

TEST(BootstrapProbes, ReadsThemAsTheyStandInAPod) {
  auto settings = with(R"({
    "app/readyz": {"httpGet": {"path": "ready?x", "port": 8080, "scheme": "HTTPS", "host": "127.0.0.1",
                               "httpHeaders": [{"name": "Host", "value": "shop"}, {"name": "X-A", "value": "1"}]},
                   "timeoutSeconds": 3, "periodSeconds": 5, "new": {}},
    "app/livez": {"tcpSocket": {"port": 9090}},
    "db/startupz": {"grpc": {"port": 7070, "service": "db"}}})");

  ASSERT_TRUE(settings) << settings.error().detail;
  const ApplicationProbeMap& probes = settings->application_probes;
  ASSERT_EQ(probes.size(), 3U);
  ApplicationProbe ready{.kind = CheckKind::kHttp, .port = 8080, .host = *Address::from_ip("127.0.0.1", 0)};
  ready.is_https = true;
  ready.path = "/ready?x";
  ready.authority = "shop";
  ready.headers = {{"x-a", "1"}};
  ready.timeout = 3s;
  EXPECT_EQ(probes.at("app/readyz"), ready);
  EXPECT_EQ(probes.at("app/livez"), (ApplicationProbe{.kind = CheckKind::kTcp, .port = 9090}));
  EXPECT_EQ(probes.at("db/startupz").kind, CheckKind::kGrpc);
  EXPECT_EQ(probes.at("db/startupz").service, "db");
}

// The application does not start worse for a probe that would have failed without us, too.
TEST(BootstrapProbes, WhatCannotBeAskedIsNoReasonNotToStart) {
  for (std::string_view http : {R"({"port":1,"host":"db.internal"})", R"({"port":1,"path":"/a b"})",
                                R"({"port":1,"httpHeaders":[{"name":"x","value":"a\nb"}]})",
                                R"({"port":1,"httpHeaders":[{"name":"x y","value":"a"}]})"}) {
    auto settings = with(str_cat(R"({"app/readyz":{"httpGet":)", http, "}}"));
    ASSERT_TRUE(settings) << settings.error().detail;
    EXPECT_NE(settings->application_probes.at("app/readyz").impossible, "") << http;
  }
}

TEST(BootstrapProbes, WhatIsNoProbeIsRefused) {
  for (std::string_view bad :
       {R"([])", R"({"app":{"tcpSocket":{"port":1}}})", R"({"app/healthz":{"tcpSocket":{"port":1}}})",
        R"({"app/readyz":{"exec":{}}})", R"({"app/readyz":{"tcpSocket":{"port":"http"}}})",
        R"({"app/readyz":{"tcpSocket":{"port":70000}}})"}) {
    auto settings = with(bad);
    ASSERT_FALSE(settings) << bad;
    EXPECT_NE(settings.error().detail.find("applicationProbes"), std::string::npos) << settings.error().detail;
  }
  EXPECT_FALSE(with(R"({"app/livez":{"tcpSocket":{"port":1}}})", "")) << "there is no health address";
}
}  // namespace
}  // namespace heddle
