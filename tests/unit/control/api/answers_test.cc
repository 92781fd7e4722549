#include "control/api/answers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle {
namespace {
std::string header(const RpcResponse& response, std::string_view name) {
  auto found = std::find_if(response.headers.begin(), response.headers.end(), [&](auto& h) { return h.first == name; });
  return found == response.headers.end() ? "" : found->second;
}

TEST(Answers, WhoIsLimitedLearnsWhenToComeBack) {
  RpcResponse told = error_answer(make_error(Reason::kRateLimited, "too often"));

  EXPECT_EQ(told.status, 429);
  EXPECT_EQ(header(told, "retry-after"), "12");
  EXPECT_EQ(header(opaque_answer(Reason::kRateLimited), "retry-after"), "12");
  EXPECT_EQ(header(opaque_answer(Reason::kUnauthenticated), "retry-after"), "");
}
}  // namespace
}  // namespace heddle
