#include "proxy/upstream/rate_limited.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
class RateLimitedTest : public testing::Test {
 protected:
  ResponseHead head(uint16_t status, std::string_view grpc_status = "") {
    ResponseHead out(blocks_, status);
    bool added = grpc_status.empty() || out.fields().add(HeaderName::kGrpcStatus, grpc_status);
    EXPECT_TRUE(added);
    return out;
  }
  BlockPool blocks_;
};

TEST_F(RateLimitedTest, TakesTooManyRequests) {
  EXPECT_TRUE(is_rate_limited(head(429), false));
  EXPECT_FALSE(is_rate_limited(head(200), true));
  EXPECT_FALSE(is_rate_limited(head(503), true)) << "broken is not busy";
}

TEST_F(RateLimitedTest, TakesResourceExhaustedOfGrpcInTheHead) {
  EXPECT_TRUE(is_rate_limited(head(200, "8"), true));
  EXPECT_FALSE(is_rate_limited(head(200, "8"), false)) << "a body comes: no status can be in its head";
  EXPECT_FALSE(is_rate_limited(head(200, "0"), true));
  EXPECT_FALSE(is_rate_limited(head(200, "14"), true)) << "UNAVAILABLE";
  EXPECT_FALSE(is_rate_limited(head(200, "88"), true));
}
}  // namespace
}  // namespace heddle
