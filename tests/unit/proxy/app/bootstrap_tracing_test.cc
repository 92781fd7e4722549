#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
Result<Settings> with_tracing(std::string_view tracing) {
  return parse_bootstrap(str_cat("node: a\nidentity: {source: none}\ntracing: ", tracing, "\n"), "proxy.yaml");
}

TEST(BootstrapTracing, IsOffWhereNothingIsSaid) {
  auto settings = parse_bootstrap("node: a\nidentity: {source: none}\n", "proxy.yaml");

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_FALSE(settings->tracing.collector);
}

TEST(BootstrapTracing, ReadsWhereSpansGo) {
  auto settings = with_tracing("{endpoint: 'http://[::1]:4318/', samplePercent: 0.5, serviceName: cart}");

  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->tracing.collector->text(), "[::1]:4318");
  EXPECT_EQ(settings->tracing.authority, "[::1]:4318");
  EXPECT_EQ(settings->tracing.path, "/v1/traces");
  EXPECT_DOUBLE_EQ(settings->tracing.ratio, 0.005);
  EXPECT_EQ(settings->tracing.service, "cart");
  EXPECT_EQ(with_tracing("{endpoint: 'http://10.0.0.9:80/otlp'}")->tracing.path, "/otlp");
  EXPECT_DOUBLE_EQ(with_tracing("{endpoint: 'http://10.0.0.9:80'}")->tracing.ratio, 0.01);
}

struct BadTracing {
  std::string_view tracing;
  std::string_view says;
};
class BootstrapTracingRefuses : public testing::TestWithParam<BadTracing> {};
TEST_P(BootstrapTracingRefuses, ByName) {
  auto settings = with_tracing(GetParam().tracing);

  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().detail.find(GetParam().says), std::string::npos) << settings.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Values, BootstrapTracingRefuses,
    testing::Values(BadTracing{"{}", "tracing.endpoint: is required"},
                    BadTracing{"{endpoint: 'https://10.0.0.9:4318'}", "tracing.endpoint: TLS to a collector"},
                    BadTracing{"{endpoint: '10.0.0.9:4318'}", "tracing.endpoint: expected a URL"},
                    BadTracing{"{endpoint: 'http://collector:4318'}", "tracing.endpoint: expected an IP address"},
                    BadTracing{"{endpoint: 'http://10.0.0.9'}", "tracing.endpoint: expected an IP address"},
                    BadTracing{"{endpoint: 'http://10.0.0.9:1/a?b'}", "tracing.endpoint: a path without query"},
                    BadTracing{"{endpoint: 'http://10.0.0.9:1', samplePercent: 101}", "tracing.samplePercent: "},
                    BadTracing{"{endpoint: 'http://10.0.0.9:1', sample: 1}", "tracing.sample: unknown field"}));

TEST(BootstrapTracing, NeedsARestart) {
  auto running = with_tracing("{endpoint: 'http://10.0.0.9:1'}");
  auto wanted = with_tracing("{endpoint: 'http://10.0.0.9:2'}");

  EXPECT_EQ(keys_that_need_restart(*running, *wanted), std::vector<std::string>{"tracing"});
}
}  // namespace
}  // namespace heddle
