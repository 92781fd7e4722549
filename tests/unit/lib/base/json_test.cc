#include "lib/base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/json_writer.h"

namespace heddle {
namespace {
using namespace std::string_literals;

std::string error_of(std::string_view text) {
  auto value = JsonValue::parse(text);
  return value ? "accepted" : value.error().detail;
}

class JsonRefuses : public testing::TestWithParam<std::string> {};
TEST_P(JsonRefuses, WithLineAndColumn) {
  EXPECT_EQ(error_of(GetParam()).substr(0, 5), "line ") << GetParam() << ": " << error_of(GetParam());
}
INSTANTIATE_TEST_SUITE_P(Rfc8259, JsonRefuses,
                         testing::Values("", " ", "{", "[1,", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "nul", "NaN",
                                         "Infinity", "01", "+1", "-", "1.", ".5", "1e", "1e+", "0x10", "5 6", "[1] x",
                                         "/*c*/1", "\"\x01\"", "\"a\nb\"", "\"\xff\"", "\"\xc0\xaf\"",
                                         "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x82\"", "\"\\u0000\"",
                                         "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u12g4\"", "\"\\x\"",
                                         "\"open", "\"\\", "\"\\u12", "\xef\xbb\xbf{}", "{\"a\":1,\"a\":2}",
                                         "{\"a\":1,\"\\u0061\":2}", "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
                                         "{\"a\"}", "{\"a\":}", "[1 2]", "{\"a\":1 \"b\":2}", "\"x\0y\""s, "\0"s,
                                         "[\0]"s, "[1\0,2]"s));

TEST(Json, SaysWhereTheMistakeIs) {
  EXPECT_EQ(error_of("{\n  \"a\": 01\n}"), "line 2, column 9: a number must not start with 0");
}

TEST(Json, NamesTheSecondOfTwoEqualNames) {
  EXPECT_EQ(error_of("{\"b\":1,\"a\":2,\n\"b\":3}"), "line 2, column 1: the name \"b\" stands twice in one object");
}

TEST(Json, AllowsEqualNamesInDifferentObjects) {
  EXPECT_EQ(error_of("{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}]}"), "accepted");
}

TEST(Json, RefusesNumbersThatDoNotFitADouble) { EXPECT_NE(error_of("1e400"), "accepted"); }

TEST(Json, AcceptsSixtyFourLevelsAndRefusesOneMore) {
  EXPECT_EQ(error_of(std::string(64, '[') + "1" + std::string(64, ']')), "accepted");
  EXPECT_EQ(error_of(std::string(65, '[') + std::string(65, ']')), "line 1, column 65: nested deeper than 64 levels");
}

TEST(Json, RefusesAHundredThousandLevelsWithoutRecursion) {
  EXPECT_EQ(error_of(std::string(100'000, '{')).substr(0, 5), "line ");
}

TEST(Json, RefusesTextAboveItsSizeLimit) {
  auto value = JsonValue::parse("[1,2,3]", 6);

  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().reason, Reason::kTooLarge);
}

TEST(Json, TruncatedTextIsRefusedAtEveryByte) {
  std::string text = "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":\"\xc3\xa9\"}}";
  for (size_t n = 0; n < text.size(); ++n) EXPECT_NE(error_of(text.substr(0, n)), "accepted") << n;
  EXPECT_EQ(error_of(text), "accepted");
}

TEST(Json, AnswersNothingForTheWrongType) {
  auto value = *JsonValue::parse("{\"s\":\"12\",\"d\":1.5,\"one\":1.0,\"n\":null,\"big\":18446744073709551615}");

  EXPECT_FALSE(value.find("s")->as_integer());
  EXPECT_FALSE(value.find("d")->as_integer());
  EXPECT_FALSE(value.find("one")->as_integer());
  EXPECT_FALSE(value.find("n")->as_string());
  EXPECT_FALSE(value.find("big")->as_integer());
  EXPECT_EQ(value.find("big")->as_unsigned(), 18446744073709551615ULL);
  EXPECT_FALSE(value.find("missing"));
  EXPECT_FALSE(value.find("s")->find("x"));
  EXPECT_TRUE(value.at(0).is_null());
}

TEST(Json, ViewsKeepTheDocumentAlive) {
  std::optional<JsonValue> inner;
  {
    auto document = *JsonValue::parse("{\"a\":{\"b\":\"text\"}}");
    inner = document.find({"a", "b"});
  }

  EXPECT_EQ(inner->as_string(), "text");
}

TEST(Json, CompactSortsNamesAndIsAFixpoint) {
  auto value = *JsonValue::parse("{ \"b\": [1, 2.0, 0.1, -0, 1e2], \"a\": \"\\u00e9\\n\\\"\" }");

  EXPECT_EQ(value.compact(), "{\"a\":\"\xc3\xa9\\n\\\"\",\"b\":[1,2.0,0.1,0,100.0]}");
  EXPECT_EQ(JsonValue::parse(value.compact())->compact(), value.compact());
}

TEST(Json, SetsAndRemovesMembersOfACopy) {
  auto value = *JsonValue::parse("{\"metadata\":{\"name\":\"x\"},\"status\":{}}");

  auto changed = value.with({"metadata", "resourceVersion"}, JsonValue::string("1.2")).without({"status"});

  EXPECT_EQ(changed.compact(), "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"1.2\"}}");
  EXPECT_EQ(value.compact(), "{\"metadata\":{\"name\":\"x\"},\"status\":{}}");
  EXPECT_EQ(value.without({"no", "such"}).compact(), value.compact());
}

TEST(JsonWriter, WritesWithoutTheCallerCountingCommas) {
  std::string out;
  JsonWriter writer(out);

  writer.begin_object().field("s", "a\tb").field("i", -5).field("u", 7U).field("t", true).field("d", 0.25);
  writer.key("list").begin_array().integer(1).null().begin_object().end_object().raw("[2]").end_array();
  writer.key("v").value(JsonValue::integer(9)).end_object();

  EXPECT_EQ(out, "{\"s\":\"a\\tb\",\"i\":-5,\"u\":7,\"t\":true,\"d\":0.25,\"list\":[1,null,{},[2]],\"v\":9}");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  std::string out;
  JsonWriter(out).string("a\xff\xe2\x82z\x7f\x01");

  EXPECT_EQ(out, "\"a\\ufffd\\ufffd\\ufffdz\\u007f\\u0001\"");
  EXPECT_TRUE(JsonValue::parse(out));
}

TEST(JsonWriter, LosesNoControl) {
  JsonValue read = *JsonValue::parse(R"({"\u0085": "\u009b\u2028", "\u0090": 1})");

  EXPECT_EQ(*JsonValue::parse(read.compact()), read) << read.compact();
}

TEST(JsonWriter, WritesNoNumberThatJsonLacks) {
  std::string out;
  JsonWriter(out).begin_array().number(INFINITY).number(NAN).number(1e300).end_array();

  EXPECT_EQ(out, "[null,null,1e+300]");
}
}  // namespace
}  // namespace heddle
