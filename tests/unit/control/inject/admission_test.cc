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

// As review(), with one thing of the request another: `member` is JSON, "" takes it out.
std::string review_with(std::initializer_list<std::string_view> path, std::string_view member) {
  JsonValue whole = JsonValue::parse(review()).value();
  return (member.empty() ? whole.without(path) : whole.with(path, JsonValue::parse(member).value())).compact();
}

void expect_refused(const std::string& asked, std::string_view why) {
  auto answer = answer_admission(asked, settings(), kAsks);
  ASSERT_TRUE(answer) << asked << ": " << answer.error().text();
  JsonValue said = response(*answer);
  EXPECT_EQ(answer->result, InjectResult::kRefused) << asked;
  EXPECT_EQ(said.find("uid")->as_string(), "u-1") << asked;
  EXPECT_EQ(said.find("allowed")->as_bool(), false) << asked;
  EXPECT_EQ(said.find({"status", "code"})->as_integer(), 400) << asked;
  EXPECT_NE(said.find({"status", "message"})->as_string()->find(why), std::string_view::npos) << answer->body;
  EXPECT_FALSE(said.find("patch")) << asked;
}

TEST(Admission, WhoSaysNoUidCannotBeAnswered) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{}"), std::string("[]"), std::string("null"),
        std::string(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"})"),
        std::string(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":["u-1"]})"),
        review_with({"request"}, "null"), review_with({"request", "uid"}, ""), review_with({"request", "uid"}, "7"),
        review_with({"request", "uid"}, R"("")"), review_with({"kind"}, R"("Pod")")}) {
    auto answer = answer_admission(text, settings(), kAsks);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().reason, Reason::kBadRequest) << text;
  }
}

TEST(Admission, AnotherVersionIsRefusedWithTheUid) {
  expect_refused(review_with({"apiVersion"}, R"("admission.k8s.io/v1beta1")"), "admission.k8s.io/v1");
  expect_refused(review_with({"apiVersion"}, ""), "admission.k8s.io/v1");
}

TEST(Admission, WhatIsNoPodIsRefusedWithTheUid) {
  expect_refused(review_with({"request", "kind", "kind"}, R"("Deployment")"), "core Pod");
  expect_refused(review_with({"request", "kind", "group"}, R"("example.com")"), "core Pod");
  expect_refused(review_with({"request", "kind"}, "3"), "core Pod");
  expect_refused(review_with({"request", "operation"}, R"("MAGIC")"), "expected CREATE");
  expect_refused(review_with({"request", "operation"}, ""), "expected CREATE");
}

TEST(Admission, APodThatIsNotThereIsRefusedWithTheUid) {
  expect_refused(review_with({"request", "object"}, ""), "request.object is missing");
  for (std::string_view object : {"null", "[]", "7", R"("pod")"}) expect_refused(review(object), "request.object");
}

TEST(Admission, NoOtherOperationIsHeldUp) {
  for (std::string_view operation : {"DELETE", "UPDATE", "CONNECT"}) {
    for (std::string_view object : {kPod, std::string_view("null")}) {
      auto answer = answer_admission(review(object, operation), settings(), kAsks);
      ASSERT_TRUE(answer) << operation << ": " << answer.error().text();
      EXPECT_EQ(answer->result, InjectResult::kNotAsked) << operation;
      EXPECT_EQ(response(*answer).find("uid")->as_string(), "u-1");
      EXPECT_EQ(response(*answer).find("allowed")->as_bool(), true) << operation;
      EXPECT_FALSE(response(*answer).find("patch")) << operation;
    }
  }
}

TEST(Admission, APodThatHasItsSidecarIsLetThroughAsItIs) {
  auto answer = answer_admission(
      review(R"({"metadata":{"name":"web"},"spec":{"containers":[{"name":"heddle-proxy"},{"name":"app"}]}})"),
      settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kAlreadyInjected);
  EXPECT_EQ(response(*answer).find("allowed")->as_bool(), true);
  EXPECT_FALSE(response(*answer).find("patch"));
}

TEST(Admission, ADryRunIsAnsweredAsWhatItTries) {
  auto real = answer_admission(review(), settings(), kAsks);
  auto dry = answer_admission(review_with({"request", "dryRun"}, "true"), settings(), kAsks);
  ASSERT_TRUE(dry) << dry.error().text();
  EXPECT_EQ(dry->body, real->body);
}

TEST(Admission, APodOfThreeMebibytesIsPatchedByWhatChangesAlone) {
  std::string note(3 << 20, 'x');
  auto answer = answer_admission(review(str_cat(R"({"metadata":{"name":"web","annotations":{"note":")", note,
                                                R"("}},"spec":{"containers":[{"name":"app","image":"app"}]}})")),
                                 settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->result, InjectResult::kInjected);
  EXPECT_EQ(response(*answer).find("uid")->as_string(), "u-1");
  EXPECT_LT(answer->body.size(), size_t{64} << 10);
}

TEST(Admission, MoreThanItReadsIsNoReview) {
  std::string pod = str_cat(R"({"note":")", std::string(kMaxAdmissionReview, 'x'), R"("})");
  EXPECT_EQ(answer_admission(review(pod), settings(), kAsks).error().reason, Reason::kBadRequest);
}

TEST(Admission, ALongRefusalIsCut) {
  std::string wrong(5000, 'm');
  auto answer = answer_admission(
      review(str_cat(R"({"metadata":{"annotations":{"heddle.dev/mode":")", wrong, R"("}},"spec":{"containers":[]}})")),
      settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(response(*answer).find({"status", "message"})->as_string()->size(), 2048U);
}

// The API server sends none of these: it has read the pod before. Whoever reaches the port may.
TEST(Admission, APodOfAnyShapeIsAnsweredWithTheUid) {
  static constexpr std::string_view kShapes[] = {"null",   "7",   "1.5",        "true", R"("x")",       "[]",
                                                 "[null]", "[7]", R"([["x"]])", "{}",   R"({"a":null})"};
  constexpr std::string_view kPods[] = {R"({"metadata":%})",
                                        R"({"metadata":{"name":%}})",
                                        R"({"metadata":{"generateName":%}})",
                                        R"({"metadata":{"labels":%}})",
                                        R"({"metadata":{"labels":{"heddle.dev/inject":%}}})",
                                        R"({"metadata":{"annotations":%}})",
                                        R"({"metadata":{"annotations":{"heddle.dev/mode":%}}})",
                                        R"({"metadata":{"annotations":{"heddle.dev/opaque-ports":%}}})",
                                        R"({"spec":%})",
                                        R"({"spec":{"hostNetwork":%}})",
                                        R"({"spec":{"securityContext":%}})",
                                        R"({"spec":{"containers":%}})",
                                        R"({"spec":{"initContainers":%}})",
                                        R"({"spec":{"volumes":%}})"};
  for (std::string_view form : kPods) {
    for (std::string_view shape : kShapes) {
      size_t at = form.find('%');
      std::string pod = str_cat(form.substr(0, at), shape, form.substr(at + 1));
      auto answer = answer_admission(review(pod), settings(), kAsks);
      ASSERT_TRUE(answer) << pod << ": " << answer.error().text();
      EXPECT_EQ(response(*answer).find("uid")->as_string(), "u-1") << pod;
      EXPECT_TRUE(response(*answer).find("allowed")->as_bool()) << pod;
    }
  }
}

TEST(Admission, AContainerOfAnyShapeIsAnsweredWithTheUid) {
  for (std::string_view field : {"name", "ports", "securityContext", "env", "lifecycle", "readinessProbe",
                                 "livenessProbe", "startupProbe", "resources", "volumeMounts"}) {
    for (std::string_view shape :
         {"null", "7", R"("x")", "[]", "[null]", "[7]", "{}", R"({"httpGet":null})", R"({"httpGet":{"port":[]}})",
          R"({"preStop":7})", R"([{"containerPort":"x"}])", R"({"preStop":{"exec":{"command":7}}})"}) {
      std::string pod =
          str_cat(R"({"spec":{"containers":[{"image":"app",")", field, R"(":)", shape, R"(}]},"metadata":{}})");
      auto answer = answer_admission(review(pod), settings(), kAsks);
      ASSERT_TRUE(answer) << pod << ": " << answer.error().text();
      EXPECT_EQ(response(*answer).find("uid")->as_string(), "u-1") << pod;
    }
  }
}

TEST(Admission, TheTextOfAUidIsCarriedWhateverItIs) {
  auto answer = answer_admission(review_with({"request", "uid"}, R"("a\"b\u00e9")"), settings(), kAsks);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(response(*answer).find("uid")->as_string(), "a\"b\u00e9");
}
}  // namespace
}  // namespace heddle
