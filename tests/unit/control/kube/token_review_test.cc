#include "control/kube/token_review.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr std::string_view kGood = R"({"kind":"TokenReview","status":{"authenticated":true,
  "user":{"username":"system:serviceaccount:payments:api","uid":"u-1","groups":["system:serviceaccounts"],
    "extra":{"authentication.kubernetes.io/pod-name":["api-7c9-x"],"authentication.kubernetes.io/pod-uid":["p-1"]}},
  "audiences":["heddle.dev/identity"]}})";

JsonValue good() { return *JsonValue::parse(kGood); }
Result<ReviewedToken> decode(const JsonValue& review) { return decode_token_review(review, kTokenAudience); }

TEST(TokenReview, ReadsWhoseTheTokenIs) {
  Result<ReviewedToken> token = decode(good());

  ASSERT_TRUE(token.has_value()) << token.error().text();
  EXPECT_EQ(*token, (ReviewedToken{"payments", "api", "u-1", "api-7c9-x", "p-1"}));
}

TEST(TokenReview, ATokenOfNoPodHasNone) {
  Result<ReviewedToken> token = decode(good().without({"status", "user", "extra"}));

  ASSERT_TRUE(token.has_value()) << token.error().text();
  EXPECT_EQ(token->pod_name, "");
}

TEST(TokenReview, WhatIsMissingIsNo) {
  for (const JsonValue& review : {good().without({"status"}), good().without({"status", "authenticated"}),
                                  good().without({"status", "audiences"}), good().without({"status", "user"}),
                                  good().without({"status", "user", "username"})}) {
    Result<ReviewedToken> token = decode(review);
    ASSERT_FALSE(token.has_value());
    EXPECT_EQ(token.error().reason, Reason::kUnauthenticated);
  }
}

TEST(TokenReview, ATokenForSomebodyElseIsNo) {
  JsonValue other = JsonValue::string("https://kubernetes.default.svc");
  JsonValue review = good().with({"status", "audiences"}, JsonValue::array(std::span(&other, 1)));

  Result<ReviewedToken> token = decode(review);

  ASSERT_FALSE(token.has_value());
  EXPECT_NE(token.error().detail.find("audience"), std::string::npos);
}

TEST(TokenReview, OnlyServiceAccountsAreTaken) {
  for (std::string_view name :
       {"admin", "system:node:n", "system:serviceaccount:payments", "system:serviceaccount:payments:api:x",
        "system:serviceaccount::api", "system:serviceaccount:payments:", "system:serviceaccount:Pay/ments:api",
        "system:serviceaccount:a.b:api"}) {
    SCOPED_TRACE(name);
    Result<ReviewedToken> token = decode(good().with({"status", "user", "username"}, JsonValue::string(name)));
    ASSERT_FALSE(token.has_value());
    EXPECT_EQ(token.error().reason, Reason::kUnauthenticated);
  }
}

TEST(TokenReview, AnErrorOfTheServerIsShown) {
  Result<ReviewedToken> token = decode(*JsonValue::parse(R"({"status":{"error":"token has expired"}})"));

  ASSERT_FALSE(token.has_value());
  EXPECT_NE(token.error().detail.find("token has expired"), std::string::npos);
}

TEST(TokenReview, AsksForOurAudience) {
  EXPECT_EQ(encode_token_review("t.o.k", "heddle.dev/identity"),
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview",)"
            R"("spec":{"token":"t.o.k","audiences":["heddle.dev/identity"]}})");
}
}  // namespace
}  // namespace heddle
