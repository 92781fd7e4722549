#include "lib/config/yaml.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
std::string json_of(std::string_view yaml) {
  auto documents = parse_documents(yaml, "x.yaml");
  if (!documents) return "refused: " + documents.error().detail;
  std::string out;
  for (const Document& document : *documents) out.append(document.value.compact()).append(";");
  return out;
}

TEST(Yaml, ReadsTheCoreScalars) {
  EXPECT_EQ(
      json_of("[no, on, yes, off, y, true, False, null, ~, 1, -7, +3, 0x1f, 0o17, 017, 1.5, .5, 1e3, 1., '5', \"x\"]"),
      R"(["no","on","yes","off","y",true,false,null,null,1,-7,3,31,15,17,1.5,0.5,1000.0,1.0,"5","x"];)");
}

TEST(Yaml, KeepsWhatOnlyLooksLikeANumberAsText) {
  EXPECT_EQ(json_of("[1_000, 1:30, 5s, 0b1, 1e, 0x, '', 2026-01-01, 1.2.3.4, -, +, .]"),
            R"(["1_000","1:30","5s","0b1","1e","0x","","2026-01-01","1.2.3.4","-","+","."];)");
}

TEST(Yaml, ReadsSeveralDocumentsAndSkipsEmptyOnes) {
  auto documents = parse_documents("---\na: 1\n---\n---\n# nothing\n---\nb:\n  - c: d\n", "x.yaml");

  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ((*documents)[1].value.compact(), R"({"b":[{"c":"d"}]})");
  EXPECT_EQ((*documents)[1].line, 7U);
}

TEST(Yaml, AnEmptyTextHasNoDocuments) { EXPECT_EQ(json_of(""), ""); }

TEST(Yaml, RefusesDuplicateKeysWithLineAndColumn) {
  EXPECT_EQ(json_of("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "refused: line 4, column 3: the key \"c\" stands twice in one mapping");
}

class YamlRefuses : public testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(YamlRefuses, WhatJsonHasNot) {
  EXPECT_EQ(json_of(GetParam().first), std::string("refused: ") + GetParam().second);
}
INSTANTIATE_TEST_SUITE_P(
    All, YamlRefuses,
    testing::Values(std::pair("a: &x 1", "line 1, column 4: anchors are not allowed"),
                    std::pair("a: *x", "line 1, column 4: aliases are not allowed"),
                    std::pair("a: !!str 1", "line 1, column 4: tags are not allowed"),
                    std::pair("!foo\na: 1", "line 1, column 1: tags are not allowed"),
                    std::pair("<<: {a: 1}", "line 1, column 1: merge keys are not allowed"),
                    std::pair("? [a]\n: 1", "line 1, column 3: a key must be a string"),
                    std::pair("a: .inf", "line 1, column 4: .inf is not a number JSON can hold"),
                    std::pair("a: 99999999999999999999",
                              "line 1, column 4: 99999999999999999999 is out of range for an integer"),
                    std::pair("a: 1e999", "line 1, column 4: 1e999 is out of range for a number"),
                    std::pair("a: \"x\\0y\"", "line 1, column 4: a zero byte is not allowed in a string"),
                    std::pair("a: [1, 2", "line 2, column 1: did not find expected ',' or ']'"),
                    std::pair("a:\n\t- b", "line 2, column 1: found character that cannot start any token")));

TEST(Yaml, RefusesMoreThanSixtyFourLevels) {
  EXPECT_EQ(json_of(std::string(64, '[') + std::string(64, ']')).front(), '[');
  EXPECT_EQ(json_of(std::string(65, '[') + std::string(65, ']')),
            "refused: line 1, column 65: nested deeper than 64 levels");
}

TEST(Yaml, RefusesTextThatIsNotUtf8) { EXPECT_TRUE(json_of("a: \xff").starts_with("refused: byte 3: ")); }

TEST(Yaml, TakesJsonByNameOrBecauseItIsJson) {
  EXPECT_FALSE(parse_documents("{\"a\":1,}", "x.json"));
  EXPECT_TRUE(parse_documents("{\"a\":\"\\ud83d\\ude00\"}", "-"));
  EXPECT_FALSE(parse_documents("{\"a\":\"\\ud83d\\ude00\"}", "x.yaml"));  // no surrogate pairs in YAML
  EXPECT_TRUE(parse_documents("a: 1", "-"));
  EXPECT_TRUE(parse_documents("{a: 1,}", "-"));
  EXPECT_TRUE(parse_documents("{a: 1,}", "x.yaml"));
}
}  // namespace
}  // namespace heddle
