#include "lib/api/resource.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(Kinds, StandInTheOrderOfTheirEnumerators) {
  for (const KindInfo& kind : all_kinds()) EXPECT_EQ(info(kind.kind).name, kind.name);
}

TEST(Kinds, AreFoundByEveryName) {
  for (std::string_view word : {"HTTPRoute", "httproute", "httproutes", "hr"}) {
    const KindInfo* kind = find_kind(word);
    ASSERT_NE(kind, nullptr) << word;
    EXPECT_EQ(kind->kind, Kind::kHttpRoute);
  }
  EXPECT_EQ(find_kind("pods"), nullptr);
}

TEST(ResourceKey, TextAndParseAreInverse) {
  auto key = ResourceKey::make(Kind::kHttpRoute, "default", "hello.v1");

  ASSERT_TRUE(key);
  EXPECT_EQ(key->text(), "HTTPRoute/default/hello.v1");
  EXPECT_EQ(*ResourceKey::parse(key->text()), *key);
}

class ResourceKeyRefuses : public testing::TestWithParam<std::string> {};
TEST_P(ResourceKeyRefuses, TheName) { EXPECT_FALSE(ResourceKey::make(Kind::kService, "default", GetParam())); }
INSTANTIATE_TEST_SUITE_P(Cp049, ResourceKeyRefuses,
                         testing::Values("", "../../etc", "%2e%2e", std::string("a\0b", 3), std::string(254, 'a'),
                                         "a/b", "h\xd0\xb5llo", "Hello", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a_b",
                                         "a b"));

TEST(ResourceKey, LimitsTheNamespaceTo63) {
  EXPECT_TRUE(ResourceKey::make(Kind::kService, std::string(63, 'n'), "a"));
  EXPECT_FALSE(ResourceKey::make(Kind::kService, std::string(64, 'n'), "a"));
  EXPECT_FALSE(ResourceKey::make(Kind::kService, "a.b", "a"));
  EXPECT_FALSE(ResourceKey::make(Kind::kService, "..", "a"));
}

TEST(ResourceKey, RefusesKeysThatAreIncomplete) {
  for (std::string_view text : {"", "Service", "Service/a", "Pod/a/b", "service/a/b", "Service//b", "Service/a/"}) {
    EXPECT_FALSE(ResourceKey::parse(text)) << text;
  }
}

TEST(Version, OrdersByEpochThenSequence) {
  EXPECT_LT((Version{1, 900}), (Version{2, 1}));
  EXPECT_EQ(*Version::parse("3.1042"), (Version{3, 1042}));
  EXPECT_EQ((Version{3, 1042}).text(), "3.1042");
  for (std::string_view text : {"", "3", "3.", ".4", "3.x", "-1.2", "1.2.3", "1.18446744073709551616"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}
}  // namespace
}  // namespace heddle
