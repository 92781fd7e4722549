#include "lib/routing/matcher.h"

#include <gtest/gtest.h>

#include "tests/support/map_fields.h"

namespace heddle {
namespace {
using Fields = MapFields;

NameValueMatch exact(std::string name, std::string value) { return {std::move(name), std::move(value)}; }
NameValueMatch regex(std::string name, std::string pattern) {
  Result<Regex> made = Regex::compile(pattern);
  EXPECT_TRUE(made) << pattern;
  return {std::move(name), std::move(pattern), made ? *made : Regex()};
}
std::string verdict(const MatchConditions& match, const RequestFacts& facts) {
  return to_text(check_match(match, facts), &match);
}
std::string verdict_of_header(const NameValueMatch& header, std::string_view value) {
  MatchConditions match{"", {header}, {}};
  Fields fields{{{"x-a", std::string(value)}}};
  return verdict(match, {"GET", "http", "h", "/", "", HeaderView(fields)});
}
std::string verdict_of_query(const NameValueMatch& parameter, std::string_view query) {
  return verdict({"", {}, {parameter}}, {"GET", "http", "h", "/", query, {}});
}

TEST(Matcher, AsksForMethodHeadersAndQueryInThisOrder) {
  MatchConditions match{"GET", {exact("x-a", "1"), exact("x-b", "2")}, {exact("q", "v w")}};
  Fields fields{{{"x-a", "1"}, {"x-b", "2"}}};
  Fields fewer{{{"x-a", "1"}}};
  RequestFacts facts{"GET", "http", "h", "/", "p=1&q=v+w", HeaderView(fields)};

  EXPECT_EQ(verdict(match, facts), "matches");
  facts.query = "q=v";
  EXPECT_EQ(verdict(match, facts), "query parameter \"q\" differs");
  facts.query = "p=v";
  EXPECT_EQ(verdict(match, facts), "query parameter \"q\" is absent");
  facts.headers = HeaderView(fewer);
  EXPECT_EQ(verdict(match, facts), "header \"x-b\" is absent");
  facts.method = "get";
  EXPECT_EQ(verdict(match, facts), "method differs: GET is asked for");
}

TEST(Matcher, ComparesHeaderValuesWhole) {
  for (std::string_view value : {"V", "v ", "vv", ""}) {
    EXPECT_EQ(verdict_of_header(exact("x-a", "v"), value), "header \"x-a\" differs") << value;
  }
}

TEST(Matcher, AHeaderMatchesAnExpressionAsAWhole) {
  NameValueMatch header = regex("x-a", "v[0-9]+");

  EXPECT_EQ(verdict_of_header(header, "v12"), "matches");
  EXPECT_EQ(verdict_of_header(header, "v12b"), "header \"x-a\" does not match its regular expression");
  EXPECT_EQ(verdict_of_header(regex("x-b", ".*"), "v"), "header \"x-b\" is absent");
}

TEST(Matcher, ExactIsNoExpression) {
  EXPECT_EQ(verdict_of_header(exact("x-a", "v.*"), "v1"), "header \"x-a\" differs");
  EXPECT_EQ(verdict_of_query(exact("q", "v.*"), "q=v1"), "query parameter \"q\" differs");
}

TEST(Matcher, AParameterMatchesAnExpressionDecoded) {
  NameValueMatch parameter = regex("q", "a b/[0-9]");

  EXPECT_EQ(verdict_of_query(parameter, "q=a+b%2F7"), "matches");
  EXPECT_EQ(verdict_of_query(parameter, "%71=a%20b/7"), "matches");
  EXPECT_EQ(verdict_of_query(parameter, "q=a+b%2Fx"), "query parameter \"q\" does not match its regular expression");
  EXPECT_EQ(verdict_of_query(parameter, "q=x&q=a+b/7"), "query parameter \"q\" does not match its regular expression");
  EXPECT_EQ(verdict_of_query(regex("q", "x*"), "q"), "matches");
}

TEST(Matcher, ALongParameterMatchesNoExpression) {
  NameValueMatch parameter = regex("q", "a*");
  std::string longest(kMaxRegexSubject, 'a');

  EXPECT_EQ(verdict_of_query(parameter, "q=" + longest), "matches");
  EXPECT_NE(verdict_of_query(parameter, "q=" + longest + "a"), "matches");
  EXPECT_EQ(verdict_of_query(parameter, "q=" + longest.substr(1) + "%61"), "matches");
}

TEST(Matcher, NamesTheFieldThatDiffersAndNoValueOfTheRequest) {
  MatchConditions match{"", {exact("x-a", "1"), exact("x-b", "2"), regex("x-c", "3")}, {}};
  Fields fields{{{"x-a", "1"}, {"x-b", "2"}, {"x-c", "secret"}}};

  EXPECT_EQ(verdict(match, {"GET", "http", "h", "/", "", HeaderView(fields)}),
            "header \"x-c\" does not match its regular expression");
}
}  // namespace
}  // namespace heddle
