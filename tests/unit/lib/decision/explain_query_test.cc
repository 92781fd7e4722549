#include "lib/decision/explain_query.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
std::string problems_of(const ExplainWords& words) {
  Problems problems;
  bool was_parsed = ExplainQuery::parse(words, problems).has_value();
  EXPECT_EQ(was_parsed, problems.empty());
  return problems.text();
}
std::string problems_of_url(std::string url) { return problems_of({.url = std::move(url)}); }
std::string problems_of_header(std::string name, std::string value) {
  return problems_of({.url = "http://a/", .headers = {{std::move(name), std::move(value)}}});
}

TEST(ExplainQuery, BecomesTheHeadThatASidecarWouldSee) {
  Problems problems;
  auto query = ExplainQuery::parse({.method = "POST",
                                    .url = "HTTP://hello.shop:8080/a/b?c=d",
                                    .client_ns = "shop",
                                    .from = "spiffe://td/ns/shop/sa/web",
                                    .headers = {{"X-User", "ada"}, {"Connection", "x-hop"}, {"x-hop", "1"}}},
                                   problems);

  ASSERT_TRUE(query) << problems.text();
  const RequestHead& head = query->head();
  EXPECT_EQ(head.method(), "POST");
  EXPECT_EQ(head.scheme(), "http");
  EXPECT_EQ(head.authority(), "hello.shop:8080");
  EXPECT_EQ(head.path(), "/a/b?c=d");
  EXPECT_EQ(head.fields().get("x-user"), "ada");
  EXPECT_EQ(head.fields().size(), 1U) << "what ends at this hop is no field";
  EXPECT_EQ(query->client_ns(), "shop");
  EXPECT_EQ(query->from()->text(), "spiffe://td/ns/shop/sa/web");
}

TEST(ExplainQuery, AnUrlWithoutAPathAsksForTheRoot) {
  for (auto [url, path] : {std::pair("http://a", "/"), std::pair("http://a?b=c", "/?b=c")}) {
    Problems problems;
    auto query = ExplainQuery::parse({.url = url}, problems);
    ASSERT_TRUE(query) << problems.text();
    EXPECT_EQ(query->head().path(), path);
  }
}

TEST(ExplainQuery, RefusesWhatIsNoUrlOfThisMesh) {
  std::string_view shape = "url: expected http://host[:port]/path, of at most 17 KiB";
  EXPECT_EQ(problems_of_url(""), shape);
  EXPECT_EQ(problems_of_url("hello/x"), shape);
  EXPECT_EQ(problems_of_url("http://a/" + std::string(17 * 1024, 'x')), shape);
  EXPECT_EQ(problems_of_url("https://a/"),
            "url: the scheme \"https\" is not carried: applications speak plain http to their sidecar");
  EXPECT_EQ(problems_of_url("http:///x"), "url: the host is not `name` or `name:port`");
  EXPECT_EQ(problems_of_url("http://a:0/"), "url: the host is not `name` or `name:port`");
  EXPECT_EQ(problems_of_url("http://ada@a/"), "url: names a user; a service has none");
  EXPECT_EQ(problems_of_url("http://a/x#y"), "url: has a fragment, which is never sent");
  EXPECT_EQ(problems_of_url("http://a/../x"), "url: the path has a dot segment; send the path it means");
  EXPECT_EQ(problems_of_url("http://a/x y"), "url: the path has a byte that must be escaped");
}

TEST(ExplainQuery, ASchemeOfLaterIsUnsupportedRatherThanWrong) {
  Problems problems;
  ExplainQuery::parse({.url = "https://a/"}, problems);
  EXPECT_EQ(problems.reason(), Reason::kUnsupported);
}

TEST(ExplainQuery, RefusesHeadersThatNobodyCouldSend) {
  EXPECT_EQ(problems_of_header("x user", "1"),
            "headers.x user: is not a header name (a token, RFC 9110 section 5.6.2)");
  EXPECT_EQ(problems_of_header("x-user", "1\r\nx-evil: 2"),
            "headers.x-user: its value has a control byte, or white space at an end");
  EXPECT_EQ(problems_of_header("Host", "b"), "headers.Host: is the host of the URL");
}

TEST(ExplainQuery, RefusesWhatTheParserOfASidecarRefuses) {
  EXPECT_EQ(problems_of_header("x-forwarded_for", "1"),
            "no sidecar takes this request: bad-request: a field name with `_` masks a framing, routing or security "
            "field");
  EXPECT_EQ(problems_of_header("content-length", "many"),
            "no sidecar takes this request: bad-request: Content-Length is not a number below 2^63");
  EXPECT_EQ(problems_of_url("http://a/" + std::string(16 * 1024, 'x')).substr(0, 43),
            "no sidecar takes this request: uri-too-long");
}

TEST(ExplainQuery, LeavesOutWhatSidecarsRemove) {
  Problems problems;

  auto query = ExplainQuery::parse(
      {.url = "http://a/", .headers = {{"X-Mesh-Id", "boss"}, {"x-team", "red"}, {"heddle-via", "1"}}}, problems);

  ASSERT_TRUE(query) << problems.to_error().text();
  EXPECT_EQ(query->head().fields().get("x-mesh-id"), std::nullopt);
  EXPECT_EQ(query->head().fields().get("x-team"), "red");
  EXPECT_EQ(query->head().fields().get("heddle-via"), "1");
}

TEST(ExplainQuery, NamesEveryProblem) {
  EXPECT_EQ(problems_of({.method = "G T",
                         .url = "http:///",
                         .client_ns = "Shop",
                         .from = "ada",
                         .headers = {{"x-a", "1"}, {"X-A", "2"}}}),
            "method: expected a token of 1-32 bytes, as GET\n"
            "url: the host is not `name` or `name:port`\n"
            "namespace: \"Shop\" is not a namespace\n"
            "from: SPIFFE id \"ada\" must begin with \"spiffe://\" in lower case\n"
            "headers.X-A: stands twice");
  EXPECT_EQ(problems_of({.method = "CONNECT", .url = "http://a/"}), "method: CONNECT tunnels are not carried");
}
}  // namespace
}  // namespace heddle
