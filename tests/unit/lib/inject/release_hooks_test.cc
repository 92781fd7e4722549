#include "lib/inject/release_hooks.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
JsonValue parsed(std::string_view text) { return JsonValue::parse(text).value(); }

TEST(ReleaseHooks, AContainerWithoutAHookWaitsForTheSidecar) {
  JsonValue out = with_release_hooks(parsed(R"([{"name":"app"}])"));
  EXPECT_EQ(out.compact(), R"([{"lifecycle":{"preStop":{"httpGet":{"path":"/released","port":15020}}},"name":"app"}])");
}

TEST(ReleaseHooks, AHookOfTheContainerStays) {
  JsonValue own = parsed(R"([{"lifecycle":{"preStop":{"exec":{"command":["bye"]}}},"name":"app"}])");
  EXPECT_EQ(with_release_hooks(own).compact(), own.compact());
  EXPECT_EQ(without_release_hooks(own).compact(), own.compact());
}

TEST(ReleaseHooks, TheWayBackLeavesWhatWasThere) {
  for (const char* text :
       {R"([{"name":"app"}])", R"([{"lifecycle":{"postStart":{"exec":{"command":["hi"]}}},"name":"a"}])"}) {
    JsonValue before = parsed(text);
    JsonValue hooked = with_release_hooks(before);
    EXPECT_NE(hooked.compact(), before.compact());
    EXPECT_EQ(without_release_hooks(hooked).compact(), before.compact());
  }
}

TEST(ReleaseHooks, AnotherProbeOfThePortIsNotOurs) {
  JsonValue other = parsed(R"([{"lifecycle":{"preStop":{"httpGet":{"path":"/bye","port":15020}}},"name":"app"}])");
  EXPECT_EQ(without_release_hooks(other).compact(), other.compact());
}
}  // namespace
}  // namespace heddle
