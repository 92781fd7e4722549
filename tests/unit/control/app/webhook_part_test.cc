#include "control/app/webhook_part.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
bool has_native(std::string_view major, std::string_view minor) {
  return has_native_sidecars(
      JsonValue::object().with({"major"}, JsonValue::string(major)).with({"minor"}, JsonValue::string(minor)));
}

// A node may be three minor versions older than the API server, and knows native sidecars from 1.29 on.
TEST(NativeSidecars, AreThereWhenEveryNodeMustKnowThem) {
  EXPECT_TRUE(has_native("1", "32"));
  EXPECT_TRUE(has_native("1", "33+"));
  EXPECT_TRUE(has_native("2", "0"));
  EXPECT_FALSE(has_native("1", "31"));
  EXPECT_FALSE(has_native("1", "20+"));
  EXPECT_FALSE(has_native("", ""));
}
}  // namespace
}  // namespace heddle
