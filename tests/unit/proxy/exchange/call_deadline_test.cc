// Until when the caller of a gRPC method waits, and what is told of it.
#include "proxy/exchange/call_deadline.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
class CallDeadlines : public testing::Test {
 protected:
  static constexpr MonoTime kCame{1000s};
  RequestHead call(std::string_view timeout, std::string_view type = "application/grpc+proto") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method("POST") && head.set_path("/a.B/C"));
    EXPECT_TRUE(head.fields().add(HeaderName::kContentType, type));
    EXPECT_TRUE(timeout.empty() || head.fields().add(HeaderName::kGrpcTimeout, timeout));
    return head;
  }
  Result<void> read(const RequestHead& head, std::optional<Duration> most = std::nullopt) {
    return deadline_.read(head, kCame, most);
  }
  BlockPool pool_;
  CallDeadline deadline_;
};

TEST_F(CallDeadlines, IsWhatTheCallerSaysFromWhenItCame) {
  ASSERT_TRUE(read(call("1500m")));

  EXPECT_TRUE(deadline_.is_set());
  EXPECT_EQ(deadline_.at(), kCame + 1500ms);
}

TEST_F(CallDeadlines, IsNoneWithoutTheFieldAndOfWhatIsNoGrpc) {
  ASSERT_TRUE(read(call("")));
  EXPECT_FALSE(deadline_.is_set());
  ASSERT_TRUE(read(call("nonsense", "application/json")));
  EXPECT_FALSE(deadline_.is_set());
  EXPECT_EQ(deadline_.at(), CallDeadline::kNever);
}

TEST_F(CallDeadlines, AMalformedOneIsInternalAsServersOfGrpcSay) {
  Result<void> read_it = read(call("1.5S"));

  ASSERT_FALSE(read_it);
  EXPECT_EQ(info(read_it.error().reason).grpc_status, 13);
  EXPECT_FALSE(deadline_.is_set());
}

TEST_F(CallDeadlines, TwoAreMalformed) {
  RequestHead head = call("1S");
  ASSERT_TRUE(head.fields().add(HeaderName::kGrpcTimeout, "1S"));

  EXPECT_FALSE(read(head));
}

TEST_F(CallDeadlines, APolicyCapsIt) {
  ASSERT_TRUE(read(call("1H"), 5s));
  EXPECT_EQ(deadline_.at(), kCame + 5s);

  ASSERT_TRUE(read(call("1S"), 5s));
  EXPECT_EQ(deadline_.at(), kCame + 1s);
}

TEST_F(CallDeadlines, APolicyOfZeroSwitchesItOff) {
  ASSERT_TRUE(read(call("1S"), Duration(0)));
  ASSERT_TRUE(read(call("nonsense"), Duration(0)));

  EXPECT_FALSE(deadline_.is_set());
}

TEST_F(CallDeadlines, WhatIsToldOnShrinksAndNeverGrows) {
  RequestHead head = call("2S");
  ASSERT_TRUE(read(head));
  auto told = [&](Duration left) {
    deadline_.tell(head.fields(), left);
    EXPECT_EQ(head.fields().count(HeaderName::kGrpcTimeout), 1U);
    return std::string(*head.fields().get(HeaderName::kGrpcTimeout));
  };

  EXPECT_EQ(told(2s), "2S") << "nothing passed: as it came";
  EXPECT_EQ(told(3s), "2S");
  EXPECT_EQ(told(1500ms), "1500000u");
  EXPECT_EQ(told(1600ms), "1500000u");
  EXPECT_EQ(told(10us), "10000n");
  EXPECT_EQ(told(-1s), "0n");
}

TEST_F(CallDeadlines, WhatIsToldOfACapIsTheCap) {
  RequestHead head = call("1H");
  ASSERT_TRUE(read(head, 5s));

  deadline_.tell(head.fields(), deadline_.at() - kCame);

  EXPECT_EQ(head.fields().get(HeaderName::kGrpcTimeout), "5000000u");
}
}  // namespace
}  // namespace heddle
