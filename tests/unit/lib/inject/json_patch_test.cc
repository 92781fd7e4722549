#include "lib/inject/json_patch.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
std::string patch(std::string_view from, std::string_view to) {
  return json_patch(JsonValue::parse(from).value(), JsonValue::parse(to).value());
}

TEST(JsonPatch, OfWhatIsEqualIsEmpty) { EXPECT_EQ(patch(R"({"a":[1,{"b":2}]})", R"({"a":[1,{"b":2}]})"), "[]"); }

TEST(JsonPatch, AddsReplacesAndRemovesMembers) {
  EXPECT_EQ(patch(R"({"a":1,"b":{"c":1,"d":2}})", R"({"b":{"c":3,"d":2},"e":4})"),
            R"([{"op":"remove","path":"/a"},{"op":"replace","path":"/b/c","value":3},)"
            R"({"op":"add","path":"/e","value":4}])");
}

TEST(JsonPatch, AParentThatIsNotThereIsAddedWhole) {
  EXPECT_EQ(patch(R"({"metadata":{}})", R"({"metadata":{"annotations":{"heddle.dev/inject":"x"}}})"),
            R"([{"op":"add","path":"/metadata/annotations","value":{"heddle.dev/inject":"x"}}])");
}

TEST(JsonPatch, EscapesSlashesAndTildes) {
  EXPECT_EQ(patch(R"({"m":{"a/b":1,"c~d":1}})", R"({"m":{"a/b":2,"c~d":2}})"),
            R"([{"op":"replace","path":"/m/a~1b","value":2},{"op":"replace","path":"/m/c~0d","value":2}])");
}

TEST(JsonPatch, ListsAreReplacedWhole) {
  EXPECT_EQ(patch(R"({"a":[1,2]})", R"({"a":[0,1,2]})"), R"([{"op":"replace","path":"/a","value":[0,1,2]}])");
}
}  // namespace
}  // namespace heddle
