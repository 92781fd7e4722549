#include "lib/config/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
using testing::HasSubstr;

std::string at(const JsonValue& schema, JsonValue::Path path) {
  std::optional<JsonValue> found = schema.find(path);
  return found ? found->compact() : "nothing";
}

TEST(JsonSchema, SaysTypesLimitsDefaultsAndWords) {
  JsonValue schema = json_schema(Kind::kBackendSet);

  EXPECT_EQ(at(schema, {"$schema"}), R"("https://json-schema.org/draft/2020-12/schema")");
  EXPECT_EQ(at(schema, {"title"}), R"("BackendSet")");
  EXPECT_EQ(at(schema, {"additionalProperties"}), "false");
  EXPECT_EQ(at(schema, {"required"}), R"(["apiVersion","kind","metadata","spec"])");
  EXPECT_EQ(at(schema, {"properties", "kind", "enum"}), R"(["BackendSet"])");
  auto spec = *schema.find({"properties", "spec", "properties"});
  EXPECT_EQ(at(spec, {"tls", "enum"}), R"(["mtls","plaintext"])");
  EXPECT_EQ(at(spec, {"tls", "default"}), R"("mtls")");
  auto endpoint = *spec.find({"endpoints", "items"});
  EXPECT_EQ(at(endpoint, {"required"}), R"(["address","port"])");
  EXPECT_EQ(at(endpoint, {"properties", "weight", "default"}), "1");
  EXPECT_EQ(at(endpoint, {"properties", "weight", "maximum"}), "1000000");
  EXPECT_EQ(at(endpoint, {"properties", "labels", "additionalProperties", "type"}), R"("string")");
  EXPECT_EQ(at(spec, {"endpoints", "maxItems"}), "100000");
}

TEST(JsonSchema, WhatIsRequiredWithAnotherFieldOnlyIsNotRequiredOfAll) {
  JsonValue schema = json_schema(Kind::kHttpRoute);

  auto rule = *schema.find({"properties", "spec", "properties", "rules", "items", "properties"});
  auto filter = *rule.find({"filters", "items"});
  EXPECT_EQ(at(filter, {"required"}), R"(["type"])");
  EXPECT_THAT(at(filter, {"properties", "cors", "description"}), HasSubstr("With type: CORS."));
}

TEST(JsonSchema, DurationsHaveThePatternOfTheGatewayApi) {
  auto hedge = field_schema(*find_field(Kind::kTrafficPolicy, "spec.hedge.after"));

  EXPECT_EQ(at(hedge, {"pattern"}), R"("^([0-9]{1,5}(h|m|s|ms)){1,4}$")");
  EXPECT_THAT(at(hedge, {"description"}), HasSubstr("10ms-1m"));
}

TEST(JsonSchema, AFieldOfTwoTypesTakesEither) {
  auto visibility = field_schema(*find_field(Kind::kService, "spec.visibility"));

  EXPECT_EQ(visibility.find("anyOf")->size(), 2U);
  EXPECT_EQ(at(visibility, {"default"}), R"("mesh")");
}

TEST(JsonSchema, TheOneOfAllGoesByKind) {
  JsonValue schema = json_schema_of_all();

  size_t supported = 0;
  for (const KindInfo& kind : all_kinds()) supported += kind.supported ? 1 : 0;
  EXPECT_EQ(schema.find("allOf")->size(), supported);
  EXPECT_EQ(schema.find({"properties", "kind", "enum"})->size(), supported);
  auto first = schema.find("allOf")->at(0);
  EXPECT_EQ(at(first, {"if", "properties", "kind", "const"}), R"("Service")");
  EXPECT_EQ(at(first, {"then", "title"}), R"("Service")");
}
}  // namespace
}  // namespace heddle
