#include <gtest/gtest.h>

#include "lib/http/head.h"

namespace heddle {
namespace {
TEST(ReasonPhrase, KnowsTheFirstTheLastAndOnesBetween) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(503), "Service Unavailable");
  EXPECT_EQ(reason_phrase(508), "Loop Detected");
}

TEST(ReasonPhrase, SaysUnknownForTheRest) {
  EXPECT_EQ(reason_phrase(0), "Unknown");
  EXPECT_EQ(reason_phrase(102), "Unknown");
  EXPECT_EQ(reason_phrase(599), "Unknown");
}
}  // namespace
}  // namespace heddle
