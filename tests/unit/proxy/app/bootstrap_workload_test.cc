#include "proxy/app/bootstrap_workload.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(WorkloadEndpoint, IsAUnixSocketByItsAbsolutePath) {
  for (std::string_view uri : {"unix:///run/agent.sock", "unix:/run/agent.sock"}) {
    auto address = parse_workload_endpoint(uri);
    ASSERT_TRUE(address) << uri;
    EXPECT_EQ(address->path(), "/run/agent.sock");
  }
}

TEST(WorkloadEndpoint, RefusesEverythingElse) {
  for (std::string_view uri : {"",
                               "\t",
                               "blah",
                               "unix",
                               "unix:",
                               "unix:opaque",
                               "unix://",
                               "unix://foo",
                               "unix:///a?x",
                               "unix:///a#x",
                               "unix:///a%20b",
                               "unix://john:doe@foo/path",
                               "UNIX:///a",
                               "/run/agent.sock",
                               "tcp:opaque",
                               "tcp://",
                               "tcp://1.2.3.4:5?x",
                               "tcp://1.2.3.4:5",
                               "tcp://foo",
                               "https://1.2.3.4:5"}) {
    EXPECT_FALSE(parse_workload_endpoint(uri)) << uri;
  }
}

TEST(WorkloadEndpoint, SaysThatTcpIsNotSpoken) {
  EXPECT_EQ(parse_workload_endpoint("tcp://1.2.3.4:5").error().reason, Reason::kUnsupported);
}
}  // namespace
}  // namespace heddle
