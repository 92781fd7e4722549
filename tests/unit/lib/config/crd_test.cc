#include "lib/config/crd.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view text_at(const JsonValue& value, JsonValue::Path path) {
  std::optional<JsonValue> found = value.find(path);
  return found ? found->as_string().value_or("") : "";
}

// Rules of structural schemas (KEP-2332), for every node below.
void expect_structural(const JsonValue& schema, const std::string& path) {
  bool is_open = schema.find("x-kubernetes-preserve-unknown-fields") || schema.find("x-kubernetes-int-or-string");
  EXPECT_TRUE(is_open || schema.find("type")) << path << " has no type";
  EXPECT_FALSE(schema.find("properties") && schema.find("additionalProperties")) << path;
  for (std::string_view key : {"$ref", "anyOf", "default"}) EXPECT_FALSE(schema.find(key)) << path << " has " << key;
  if (auto properties = schema.find("properties")) {
    for (std::string_view name : properties->keys()) {
      expect_structural(*properties->find(name), str_cat(path, ".", name));
    }
  }
  if (auto more = schema.find("additionalProperties")) expect_structural(*more, path + ".*");
  if (text_at(schema, {"type"}) != "array") return;
  EXPECT_TRUE(schema.find("maxItems")) << path << " has no limit";
  EXPECT_TRUE(schema.find("x-kubernetes-list-type")) << path;
  expect_structural(schema.find("items").value_or(JsonValue()), path + "[]");
}

class CrdTest : public testing::TestWithParam<Kind> {};

TEST_P(CrdTest, IsStructuralAndBounded) {
  JsonValue schema = crd(GetParam()).find({"spec", "versions"})->at(0).find({"schema", "openAPIV3Schema"}).value();
  expect_structural(schema, std::string(info(GetParam()).name));
}

TEST_P(CrdTest, IsNamedAsItsKind) {
  JsonValue one = crd(GetParam());
  const KindInfo& kind = info(GetParam());
  EXPECT_EQ(text_at(one, {"metadata", "name"}), str_cat(kind.plural, ".heddle.dev"));
  EXPECT_EQ(text_at(one, {"spec", "names", "kind"}), kind.name);
  EXPECT_EQ(text_at(one, {"spec", "names", "singular"}), to_lower(kind.name));
  EXPECT_TRUE(one.find({"spec", "versions"})->at(0).find({"subresources", "status"}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, CrdTest, testing::ValuesIn(crd_kinds().begin(), crd_kinds().end()),
                         [](const auto& kind) { return std::string(heddle::info(kind.param).name); });

TEST(Crds, AreOfEveryKindOfOursButServices) {
  for (const KindInfo& kind : all_kinds()) {
    bool is_ours = kind.supported && kind.api_version.starts_with("heddle.dev/") && kind.kind != Kind::kService;
    bool has_one = std::find(crd_kinds().begin(), crd_kinds().end(), kind.kind) != crd_kinds().end();
    EXPECT_EQ(has_one, is_ours) << kind.name;
  }
}
}  // namespace
}  // namespace heddle
