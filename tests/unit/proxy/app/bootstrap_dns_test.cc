#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
Result<Settings> with_dns(std::string_view dns) {
  return parse_bootstrap(str_cat("node: a\nidentity: {source: none}\ndns: ", dns, "\n"), "proxy.yaml");
}

TEST(BootstrapDns, TheSystemsServersAreTheDefault) {
  auto settings = parse_bootstrap("node: a\nidentity: {source: none}\n", "proxy.yaml");

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_TRUE(settings->dns.servers.empty());
  EXPECT_EQ(settings->dns.timeout, Duration(2s));
}

TEST(BootstrapDns, ReadsServersAndTimeout) {
  auto settings = with_dns("{servers: ['127.0.0.1:5353', '[::1]:53'], timeout: 500ms}");

  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_EQ(settings->dns.servers.size(), 2U);
  EXPECT_EQ(settings->dns.servers[1].text(), "[::1]:53");
  EXPECT_EQ(settings->dns.timeout, Duration(500ms));
}

struct BadDns {
  std::string_view dns;
  std::string_view says;
};
class BootstrapDnsRefuses : public testing::TestWithParam<BadDns> {};
TEST_P(BootstrapDnsRefuses, ByName) {
  auto settings = with_dns(GetParam().dns);

  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().detail.find(GetParam().says), std::string::npos) << settings.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Values, BootstrapDnsRefuses,
    testing::Values(BadDns{"{servers: []}", "dns.servers: "}, BadDns{"{servers: [localhost]}", "dns.servers[0]: "},
                    BadDns{"{servers: ['10.0.0.1']}", "dns.servers[0]: "},
                    BadDns{"{servers: ['10.0.0.1:0']}", "dns.servers[0]: expected an IP address with a port"},
                    BadDns{"{servers: ['unix:/a']}", "dns.servers[0]: expected an IP address with a port"},
                    BadDns{"{servers: ['10.0.0.1:53', '10.0.0.1:53']}", "dns.servers[1]: 10.0.0.1:53 stands twice"},
                    BadDns{"{timeout: 0s}", "dns.timeout: 0s is out of range (100ms-30s)"},
                    BadDns{"{server: a}", "dns.server: "}));

TEST(BootstrapDns, NeedsARestart) {
  auto running = with_dns("{timeout: 1s}");
  auto wanted = with_dns("{timeout: 3s}");

  EXPECT_EQ(keys_that_need_restart(*running, *wanted), std::vector<std::string>{"dns"});
}
}  // namespace
}  // namespace heddle
