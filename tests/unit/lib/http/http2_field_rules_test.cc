#include "lib/http/http2_field_rules.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace heddle {
namespace {
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

bool is_well_formed(Http2Block block, const Fields& fields) {
  Http2FieldRules rules;
  rules.begin(block);
  for (auto [name, value] : fields) {
    bool pseudo = name.starts_with(':');
    bool fine = pseudo ? rules.pseudo(name, value).has_value() : rules.regular(header_name(name), name, value);
    if (!fine) return false;
  }
  return rules.is_complete();
}
bool is_request(Fields more) {
  Fields fields{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return is_well_formed(Http2Block::kRequest, fields);
}
bool is_response(const Fields& fields) { return is_well_formed(Http2Block::kResponse, fields); }

TEST(Http2FieldRules, ARequestNeedsItsPseudoFields) {
  EXPECT_TRUE(is_request({}));
  EXPECT_TRUE(
      is_well_formed(Http2Block::kRequest, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":method", "GET"}, {":path", "/"}, {":authority", "a"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":scheme", "http"}, {":path", "/"}, {":authority", "a"}}));
}

TEST(Http2FieldRules, PseudoFieldsComeOnceFirstAndOfTheirDirection) {
  EXPECT_FALSE(is_request({{":path", "/"}}));
  EXPECT_FALSE(is_request({{":status", "200"}}));
  EXPECT_FALSE(is_request({{":other", "1"}}));
  EXPECT_FALSE(is_request({{":", "1"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{"x", "1"}, {":method", "GET"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kTrailers, {{":status", "200"}}));
  EXPECT_FALSE(is_response({{":status", "200"}, {":path", "/"}}));
}

TEST(Http2FieldRules, ConnectHasAnAuthorityAloneOrAProtocol) {
  EXPECT_TRUE(is_well_formed(Http2Block::kRequest, {{":method", "CONNECT"}, {":authority", "a:1"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":method", "CONNECT"}}));
  EXPECT_FALSE(is_well_formed(Http2Block::kRequest, {{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}));
  EXPECT_FALSE(is_request({{":protocol", "websocket"}})) << "with POST";
  EXPECT_TRUE(is_well_formed(
      Http2Block::kRequest,
      {{":method", "CONNECT"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}, {":protocol", "websocket"}}));
}

TEST(Http2FieldRules, FieldsOfTheConnectionAreNotForHttp2) {
  for (std::string_view name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_FALSE(is_request({{name, "x"}})) << name;
    EXPECT_FALSE(is_response({{":status", "200"}, {name, "x"}})) << name;
    EXPECT_FALSE(is_well_formed(Http2Block::kTrailers, {{name, "x"}})) << name;
  }
  EXPECT_TRUE(is_request({{"te", "Trailers"}}));
  EXPECT_FALSE(is_request({{"te", "trailers, gzip"}}));
}

TEST(Http2FieldRules, NamesAreLowerCaseTokensAndValuesHaveNoControlBytes) {
  for (std::string_view name : {"X-A", "a b", "a:b", "", "a\x7f", "a\xc3"}) EXPECT_FALSE(is_request({{name, "1"}}));
  for (std::string_view value : {"a\rb", "a\nb", " a", "a ", "\ta", "a\x01xxxxxxxxxx", "xxxxxxxxxx\x7f"}) {
    EXPECT_FALSE(is_request({{"x", value}}));
    EXPECT_FALSE(is_request({{"accept", value}}));
  }
  EXPECT_FALSE(is_request({{"x", std::string_view("a\0b", 3)}}));
  EXPECT_TRUE(is_request({{"x", ""}, {"y", "a\tb\xff"}, {"x_y", "1"}}));
}

TEST(Http2FieldRules, ALengthIsSaidOnceInDigits) {
  EXPECT_TRUE(is_request({{"content-length", "5"}}));
  EXPECT_TRUE(is_request({{"content-length", "9223372036854775807"}}));
  for (std::string_view bad : {"9223372036854775808", "+1", "-1", "", "1x", "0x1", "1,1"}) {
    EXPECT_FALSE(is_request({{"content-length", bad}})) << bad;
  }
  EXPECT_FALSE(is_request({{"content-length", "5"}, {"content-length", "5"}}));
  EXPECT_FALSE(is_request({{"host", "a"}, {"host", "a"}}));
}

TEST(Http2FieldRules, AStatusIsThreeDigitsAndNever101) {
  for (std::string_view good : {"100", "200", "599", "600", "999"})
    EXPECT_TRUE(is_response({{":status", good}})) << good;
  for (std::string_view bad : {"101", "99", "099", "2000", "20x", "+20", ""}) {
    EXPECT_FALSE(is_response({{":status", bad}})) << bad;
  }
  EXPECT_FALSE(is_response({{"x", "1"}}));
}

TEST(Http2FieldRules, AnswersWithoutBodyHaveNoLength) {
  EXPECT_FALSE(is_response({{":status", "103"}, {"content-length", "0"}}));
  EXPECT_FALSE(is_response({{":status", "204"}, {"content-length", "1"}}));
  EXPECT_TRUE(is_response({{":status", "204"}, {"content-length", "0"}}));
  EXPECT_TRUE(is_response({{":status", "304"}, {"content-length", "7"}}));
}
}  // namespace
}  // namespace heddle
