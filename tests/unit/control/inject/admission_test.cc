#include "control/inject/admission.h"

#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPod = R"({"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"app"}]}})";

std::string review(std::string_view pod = kPod, std::string_view operation = "CREATE") {
  return str_cat(
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1","namespace":"shop",)",
      R"("kind":{"group":"","version":"v1","kind":"Pod"},"operation":")", operation, R"(","object":)", pod, "}}");
}

InjectSettings settings() {
  InjectSettings out;
  out.image = "heddle:1";
  return out;
}

FindNamespace named(std::string_view text) {
  return [value = JsonValue::parse(text).value()](std::string_view name) {
    return name == "shop" ? std::optional(value) : std::nullopt;
  };
}
const FindNamespace kAsks = named(R"({"metadata":{"labels":{"heddle.dev/inject":"enabled"}}})");
const FindNamespace kSilent = named(R"({"metadata":{}})");

JsonValue response(const AdmissionAnswer& answer) {
  return JsonValue::parse(answer.body).value().find("response").value_or(JsonValue());
}

TEST(Admission, APodOfANamespaceThatAskedIsPatched) {
  auto answer = answer_admission(review(), settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kInjected);
  EXPECT_EQ(answer->pod, "shop/web");
  JsonValue said = response(*answer);
  EXPECT_EQ(said.find("uid")->as_string(), "u-1");
  EXPECT_EQ(said.find("allowed")->as_bool(), true);
  EXPECT_EQ(said.find("patchType")->as_string(), "JSONPatch");
  std::string patch = from_base64(*said.find("patch")->as_string()).value();
  EXPECT_NE(patch.find("/spec/initContainers"), patch.npos) << patch;
}

TEST(Admission, WhoDidNotAskIsLetThroughAsItCame) {
  auto answer = answer_admission(review(), settings(), kSilent);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kNotAsked);
  EXPECT_EQ(response(*answer).find("allowed")->as_bool(), true);
  EXPECT_FALSE(response(*answer).find("patch"));
}

TEST(Admission, AWrongAnnotationRefusesThePodAndSaysWhich) {
  auto answer = answer_admission(
      review(
          R"({"metadata":{"generateName":"web-","annotations":{"heddle.dev/mode":"magic"}},"spec":{"containers":[]}})"),
      settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kRefused);
  EXPECT_EQ(answer->pod, "shop/web-*");
  EXPECT_EQ(response(*answer).find("allowed")->as_bool(), false);
  std::string message(*response(*answer).find({"status", "message"})->as_string());
  EXPECT_NE(message.find("heddle.dev/mode"), message.npos) << message;
  EXPECT_NE(message.find("intercept or explicit"), message.npos) << message;
}

TEST(Admission, AnUnknownAnnotationOfOursIsAWarning) {
  auto answer = answer_admission(
      review(
          R"({"metadata":{"name":"web","annotations":{"heddle.dev/new":"1"}},"spec":{"containers":[{"name":"a"}]}})"),
      settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(response(*answer).find("warnings")->size(), 1U);
}

TEST(Admission, ANamespaceThatIsNotKnownYetRefuses) {
  auto answer = answer_admission(review(), settings(), [](std::string_view) { return std::optional<JsonValue>(); });
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kRefused);
  EXPECT_NE(answer->problem.find("\"shop\""), std::string::npos) << answer->problem;
}

TEST(Admission, WhatIsNoReviewOfAPodIsRefused) {
  for (const std::string& text :
       {std::string("{"), std::string("{}"), review(kPod, "DELETE"), review("null"),
        std::string(R"({"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"})")}) {
    EXPECT_EQ(answer_admission(text, settings(), kAsks).error().reason, Reason::kBadRequest) << text;
  }
}
}  // namespace
}  // namespace heddle
