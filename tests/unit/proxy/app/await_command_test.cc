#include "proxy/app/await_command.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(AwaitCommand, SaysWhatTheSidecarWaitsFor) {
  EXPECT_EQ(missing_of(RpcResponse::text(200, "ok\n")), "");
  EXPECT_EQ(missing_of(RpcResponse::text(503,
                                         "[-]config failed: no answer\n[+]dns ok\n[-]identity failed\nreadyz check "
                                         "failed\n")),
            "config failed: no answer; identity failed");
  EXPECT_EQ(missing_of(RpcResponse::text(404, "?")), "status 404");
  EXPECT_NE(missing_of(make_error(Reason::kUpstreamConnectRefused, "nobody")), "");
}

TEST(AwaitCommand, AsksOverLoopbackWhoListensOnEveryAddress) {
  auto at = [](std::string health) { return health_address({.health = std::move(health), .config = {}})->text(); };
  EXPECT_EQ(at(""), "127.0.0.1:15020");
  EXPECT_EQ(at("0.0.0.0:1"), "127.0.0.1:1");
  EXPECT_EQ(at("[::]:1"), "[::1]:1");
  EXPECT_EQ(at("192.0.2.1:1"), "192.0.2.1:1");
  EXPECT_FALSE(health_address({.health = "nowhere", .config = {}}));
}

TEST(AwaitCommand, OtherCommandLinesAreNotItsOwn) {
  const char* run[] = {"heddle-proxy", "--config", "x"};
  const char* bad[] = {"heddle-proxy", "await", "--timeout", "0s"};
  EXPECT_EQ(run_await_command(3, run), std::nullopt);
  EXPECT_EQ(run_await_command(1, run), std::nullopt);
  EXPECT_EQ(run_await_command(4, bad), 2);
}
}  // namespace
}  // namespace heddle
