#include "lib/http/http2_stream_order.h"

#include <gtest/gtest.h>

namespace heddle {
TEST(Http2StreamOrder, TakesIdsThatGrow) {
  Http2StreamOrder order;

  for (int32_t id : {1, 3, 5, 101, 103, 2147483647}) EXPECT_TRUE(order.take(id)) << id;
}

TEST(Http2StreamOrder, TakesTrailersAndFramesThatCrossedAReset) {
  Http2StreamOrder order;
  for (int32_t id : {1, 3, 5}) ASSERT_TRUE(order.take(id));

  for (int32_t id : {5, 3, 1}) EXPECT_TRUE(order.take(id)) << id;
}

TEST(Http2StreamOrder, RefusesWhatWasPassedOver) {
  Http2StreamOrder order;
  ASSERT_TRUE(order.take(5));
  ASSERT_TRUE(order.take(15));

  for (int32_t id : {1, 3, 7, 9, 13}) EXPECT_FALSE(order.take(id)) << id;
  EXPECT_TRUE(order.take(17));
}

TEST(Http2StreamOrder, ForgetsTheOldestGap) {
  Http2StreamOrder order;
  for (int32_t id : {5, 15, 25, 35, 45}) ASSERT_TRUE(order.take(id));

  EXPECT_TRUE(order.take(3));
  EXPECT_FALSE(order.take(13));
}

TEST(Http2StreamOrder, LeavesIdsOfServersToOthers) {
  Http2StreamOrder order;
  ASSERT_TRUE(order.take(9));

  for (int32_t id : {0, 2, 4, -1}) EXPECT_TRUE(order.take(id)) << id;
}
}  // namespace heddle
