#include "lib/base/json_escape.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
std::string escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonEscape, LeavesPlainTextAlone) { EXPECT_EQ(escaped("GET /a?b=c"), "\"GET /a?b=c\""); }

TEST(JsonEscape, EscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(escaped(std::string_view("\"\\\n\r\t\0\x1b\x7f", 8)), R"("\"\\\n\r\t\u0000\u001b\u007f")");
}

TEST(JsonEscape, KeepsValidUtf8) {
  EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82"), "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82\"");
}

TEST(JsonEscape, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(escaped("a\xff\xfe"), R"("a\ufffd\ufffd")");
  EXPECT_EQ(escaped("\xc0\xaf"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(escaped("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "surrogate";
  EXPECT_EQ(escaped("\xe2\x82"), R"("\ufffd\ufffd")") << "cut off";
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "above U+10FFFF";
}

TEST(JsonEscape, EscapesControlsOutsideAsciiAndLineSeparators) {
  EXPECT_EQ(escaped("\xc2\x9b"
                    "2J"),
            R"("\u009b2J")");
  EXPECT_EQ(escaped("\xc2\x80\xc2\x9f\xc2\xa0"), "\"\\u0080\\u009f\xc2\xa0\"");
  EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9"), R"("\u2028\u2029")");
}

TEST(JsonEscape, SeparatesKeysWithCommas) {
  std::string out = "{";

  append_json_key(out, "a");
  out.append("1");
  append_json_key(out, "b");

  EXPECT_EQ(out, "{\"a\":1,\"b\":");
}
}  // namespace
}  // namespace heddle
