#include "cli/label_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool takes(std::string_view selector, std::string_view labels) {
  auto parsed = LabelSelector::parse(selector);
  EXPECT_TRUE(parsed) << selector;
  auto resource = JsonValue::parse(str_cat(R"({"metadata":{"labels":)", labels, "}}"));
  return parsed && parsed->matches(*resource);
}
constexpr char kWeb[] = R"({"app":"web","tier":"front","example.org/zone":"a"})";

TEST(CliLabelSelector, ComparesValues) {
  EXPECT_TRUE(takes("app=web", kWeb));
  EXPECT_TRUE(takes("app==web", kWeb));
  EXPECT_FALSE(takes("app=cart", kWeb));
  EXPECT_FALSE(takes("app!=web", kWeb));
  EXPECT_TRUE(takes("example.org/zone=a", kWeb));
  EXPECT_FALSE(takes("app=", kWeb));
  EXPECT_TRUE(takes("app=", R"({"app":""})"));
}

TEST(CliLabelSelector, EveryPartMustHold) {
  EXPECT_TRUE(takes("app=web, tier=front", kWeb));
  EXPECT_FALSE(takes("app=web,tier=back", kWeb));
}

TEST(CliLabelSelector, AsksWhetherALabelIsThere) {
  EXPECT_TRUE(takes("app", kWeb));
  EXPECT_FALSE(takes("version", kWeb));
  EXPECT_TRUE(takes("!version", kWeb));
  EXPECT_FALSE(takes("!app", kWeb));
}

TEST(CliLabelSelector, KnowsSets) {
  EXPECT_TRUE(takes("tier in (back,front),app", kWeb));
  EXPECT_FALSE(takes("tier notin ( back , front )", kWeb));
  EXPECT_FALSE(takes("tier in (back)", kWeb));
}

TEST(CliLabelSelector, WhatLacksTheLabelDiffersAsInKubernetes) {
  EXPECT_TRUE(takes("version!=v1", kWeb));
  EXPECT_TRUE(takes("version notin (v1)", kWeb));
  EXPECT_FALSE(takes("version in (v1)", kWeb));
}

TEST(CliLabelSelector, AResourceWithoutLabelsHasNone) {
  auto resource = *JsonValue::parse(R"({"metadata":{"name":"x"}})");

  EXPECT_FALSE(LabelSelector::parse("app")->matches(resource));
  EXPECT_TRUE(LabelSelector::parse("!app")->matches(resource));
  EXPECT_TRUE(LabelSelector().matches(resource));
}

TEST(CliLabelSelector, RefusesWhatItCannotRead) {
  for (const char* text : {"", ",", "a=b,", "=b", "!", "a b", "a=b c", "a>1", "a in b", "a in (b", "a on (b)", "in (b)",
                           "a=b=c", "a in (b)(c)"}) {
    auto parsed = LabelSelector::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().detail, testing::HasSubstr("--selector: cannot read")) << text;
  }
  EXPECT_FALSE(LabelSelector::parse(std::string(5000, 'a')));
}
}  // namespace
}  // namespace heddle
