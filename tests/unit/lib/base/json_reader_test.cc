#include "lib/base/json_reader.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
struct Reading {
  explicit Reading(std::string_view text) : root(JsonReader(*JsonValue::parse(text), "spec", problems)) {}
  Problems problems;
  JsonObject root;
};

TEST(JsonReader, ReadsWhatIsThere) {
  Reading r("{\"name\":\"a\",\"port\":80,\"on\":true,\"after\":\"1m30s\",\"list\":[1,2],\"sub\":{\"x\":0.5}}");

  EXPECT_EQ(r.root.string("name"), "a");
  EXPECT_EQ(r.root.integer("port", {1, 65535}), 80);
  EXPECT_TRUE(r.root.boolean("on"));
  EXPECT_EQ(r.root.duration("after"), 90s);
  EXPECT_EQ(r.root.array("list").at(1).integer(), 2);
  EXPECT_EQ(r.root.object("sub").optional_number("x"), 0.5);
  r.root.finish();
  EXPECT_TRUE(r.problems.empty()) << r.problems.text();
}

TEST(JsonReader, NamesThePathOfEveryProblem) {
  Reading r("{\"rules\":[{},{\"matches\":[{\"path\":5}]}],\"port\":99999,\"wait\":\"5\"}");

  auto rules = r.root.array("rules");
  rules[1].object().array("matches")[0].object().string("path");
  r.root.integer("port", {1, 65535});
  r.root.duration("wait");
  r.root.string("host");

  EXPECT_EQ(r.problems.text(),
            "spec.rules[1].matches[0].path: expected a string, got an integer\n"
            "spec.port: 99999 is out of range (1-65535)\n"
            "spec.wait: \"5\" is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\"\n"
            "spec.host: is required");
}

TEST(JsonReader, RefusesUnknownFieldsWithAHint) {
  Reading r("{\"prot\":80,\"zzz\":1,\"port\":80}");
  r.root.integer("port");

  r.root.finish();

  EXPECT_EQ(r.problems.text(), "spec.prot: unknown field; did you mean \"port\"?\nspec.zzz: unknown field");
}

TEST(JsonReader, AMissingObjectIsOneProblem) {
  Reading r("{}");

  JsonObject sub = r.root.object("sub");
  sub.string("name");
  sub.integer("port");
  sub.finish();

  EXPECT_EQ(r.problems.text(), "spec.sub: is required");
}

TEST(JsonReader, AValueThatIsNoObjectIsOneProblem) {
  Problems problems;
  JsonObject root(JsonReader(JsonValue::integer(5), "", problems));

  root.string("name");
  root.finish();

  EXPECT_EQ(problems.text(), "expected an object, got an integer");
}

TEST(JsonReader, NullIsNotAnAbsentField) {
  Reading r("{\"name\":null}");

  EXPECT_FALSE(r.root.optional_string("name"));
  EXPECT_EQ(r.problems.text(), "spec.name: expected a string, got null");
}

TEST(JsonReader, ChoosesAmongNames) {
  enum class Mode { kOn, kOff };
  const EnumName<Mode> names[] = {{"on", Mode::kOn}, {"off", Mode::kOff}};
  Reading r("{\"good\":\"off\",\"bad\":\"of\"}");

  EXPECT_EQ(r.root.optional_one_of("good", names), Mode::kOff);
  EXPECT_FALSE(r.root.optional_one_of("bad", names));
  EXPECT_EQ(r.problems.text(), "spec.bad: expected one of on, off");
}

TEST(JsonReader, LimitsSizes) {
  Reading r("{\"s\":\"\",\"long\":\"abcd\",\"list\":[1,2,3]}");

  r.root.string("s", {1, 3});
  r.root.string("long", {1, 3});
  EXPECT_TRUE(r.root.array("list", {0, 2}).empty());

  EXPECT_EQ(r.problems.text(),
            "spec.s: must not be empty\nspec.long: expected 1 to 3 bytes, got 4\n"
            "spec.list: has 3 elements; at most 2 are allowed");
}

TEST(JsonReader, RefusedFieldsAreUnsupportedNotInvalid) {
  Reading r("{\"filters\":[]}");

  r.root.refuse("filters", "filters are not supported yet");
  r.root.finish();

  EXPECT_EQ(r.problems.text(), "spec.filters: filters are not supported yet");
  EXPECT_EQ(r.problems.reason(), Reason::kUnsupported);
}

TEST(Problems, KeepsAThousandAndCountsTheRest) {
  Problems problems;
  for (int i = 0; i < 1005; ++i) problems.add("p", "m");

  EXPECT_EQ(problems.total(), 1005U);
  EXPECT_EQ(problems.items().size(), Problems::kMaxProblems);
  EXPECT_TRUE(problems.text().ends_with("... and 5 more"));
}
}  // namespace
}  // namespace heddle
