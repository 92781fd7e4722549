#include "control/api/explainer.h"

#include "lib/decision/explain_request.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
std::string refusal_of(std::string_view body) {
  Result<ExplainQuery> query = read_explain(body);
  if (query) ADD_FAILURE() << "was accepted: " << body;
  return query ? std::string() : query.error().text();
}

TEST(ExplainRequest, ReadsEveryField) {
  auto query = read_explain(R"({"method":"PUT","url":"http://a/x","namespace":"shop","from":"spiffe://td/w",)"
                            R"("headers":{"X-User":"ada","x-other":""}})");

  ASSERT_TRUE(query) << query.error().text();
  EXPECT_EQ(query->head().method(), "PUT");
  EXPECT_EQ(query->url(), "http://a/x");
  EXPECT_EQ(query->client_ns(), "shop");
  EXPECT_EQ(query->from()->text(), "spiffe://td/w");
  EXPECT_EQ(query->head().fields().get("x-user"), "ada");
  EXPECT_EQ(query->head().fields().get("x-other"), "");
}

TEST(ExplainRequest, AsksForGetFromTheDefaultNamespaceUnlessTold) {
  auto query = read_explain(R"({"url":"http://a/"})");

  ASSERT_TRUE(query) << query.error().text();
  EXPECT_EQ(query->head().method(), "GET");
  EXPECT_EQ(query->client_ns(), "default");
  EXPECT_FALSE(query->from().has_value());
}

TEST(ExplainRequest, NamesEveryProblemOfTheDocument) {
  EXPECT_EQ(refusal_of(R"({"method":7,"namespace":[],"headers":{"x-a":1,"x-b":null},"hedaers":{}})"),
            "bad-request: url: is required\nmethod: expected a string, got an integer\n"
            "headers.x-a: expected a string, got an integer\nheaders.x-b: expected a string, got null\n"
            "namespace: expected a string, got an array\nhedaers: unknown field; did you mean \"headers\"?");
  EXPECT_EQ(refusal_of(R"({"url":"http://a/","headers":[]})"),
            "bad-request: headers: expected an object of names and values");
}

TEST(ExplainRequest, NamesEveryProblemOfTheQuestion) {
  EXPECT_EQ(refusal_of(R"({"url":"http://a/x y","headers":{"host":"b","x y":"1"}})"),
            "bad-request: url: the path has a byte that must be escaped\nheaders.host: is the host of the URL\n"
            "headers.x y: is not a header name (a token, RFC 9110 section 5.6.2)");
}

TEST(ExplainRequest, TellsWhatOnlyALaterVersionDoes) {
  EXPECT_EQ(refusal_of(R"({"url":"https://a/"})").substr(0, 17), "unsupported: url:");
}

TEST(ExplainRequest, RefusesMoreHeadersThanARequestMayHave) {
  std::string headers;
  for (int i = 0; i < 101; ++i) headers.append(str_cat(i == 0 ? "" : ",", "\"x-", std::to_string(i), "\":\"\""));

  EXPECT_EQ(refusal_of(str_cat(R"({"url":"http://a/","headers":{)", headers, "}}")),
            "bad-request: headers: more than 100 headers");
}

class ExplainerTest : public testing::Test {
 protected:
  JsonValue ask(std::string_view body = R"({"url":"http://a/"})") {
    Result<std::string> answer = explainer_.answer(body);
    if (!answer) ADD_FAILURE() << answer.error().text();
    return answer ? *JsonValue::parse(*answer) : JsonValue();
  }
  std::string text(const JsonValue& answer, std::string_view field) {
    auto value = answer.find(field);
    return std::string(value ? value->as_string().value_or("") : "");
  }
  TestStore store_;
  Explainer explainer_{*store_.store};
};

TEST_F(ExplainerTest, AnswersAtTheNewestVersion) {
  EXPECT_EQ(text(ask(), "reason"), "service-unknown");

  store_.put(backend_set("a"));
  Version version = store_.put(service("a"));
  JsonValue answer = ask();

  EXPECT_EQ(text(answer, "reason"), "none");
  EXPECT_EQ(text(answer, "version"), version.text());
  store_.erase({Kind::kService, "default", "a"});
  EXPECT_EQ(text(ask(), "reason"), "service-unknown");
}

TEST_F(ExplainerTest, WhoMayNotReadEitherNamespaceIsNotAnswered) {
  store_.put(backend_set("a", "8080", "shop"));
  store_.put(service("a", "", "shop"));
  constexpr std::string_view kQuestion = R"({"url":"http://a.shop/","namespace":"web"})";
  auto only = [](std::string_view mine) {
    return [mine](std::string_view ns) -> Result<void> {
      if (ns == mine) return {};
      return make_error(Reason::kForbidden, std::string(ns));
    };
  };

  EXPECT_EQ(explainer_.answer(kQuestion, only("web")).error().text(), "forbidden: shop");
  EXPECT_EQ(explainer_.answer(kQuestion, only("shop")).error().text(), "forbidden: web");
  EXPECT_TRUE(explainer_.answer(R"({"url":"http://a.shop/","namespace":"shop"})", only("shop")));
  EXPECT_TRUE(explainer_.answer(R"({"url":"http://none/","namespace":"web"})", only("web")));
}

TEST_F(ExplainerTest, ACustomHeaderReachesTheRoute) {
  store_.put(backend_set("a"));
  store_.put(service("a"));
  store_.put(envelope(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r"},"spec":{"parentRefs":)"
      R"([{"group":"","kind":"Service","name":"a"}],"rules":[{"matches":[{"headers":[{"name":"x-to","value":"a"}]}],)"
      R"("backendRefs":[{"group":"heddle.dev","kind":"BackendSet","name":"a"}]}]}})"));

  EXPECT_EQ(text(ask(R"({"url":"http://a/"})"), "reason"), "route-not-found");
  EXPECT_EQ(text(ask(R"({"url":"http://a/","headers":{"X-To":"a"}})"), "reason"), "none");
}

TEST_F(ExplainerTest, AStoreThatDoesNotHoldTogetherIsNotExplained) {
  Version version = store_.put(service("a"));

  Result<std::string> answer = explainer_.answer(R"({"url":"http://a/"})");

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text(),
            str_cat("unsupported: version ", version.text(),
                    ": Service default/a: spec.ports[0].backendSet: no BackendSet \"a\" in namespace \"default\""));
}
}  // namespace
}  // namespace heddle
