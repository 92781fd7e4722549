#include "cli/context_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/context_file.h"
#include "lib/base/file.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kTwo[] = R"({"current":"prod","contexts":{"prod":{"address":"a"},"staging":{"address":"b"}}})";

std::string context_json(std::string_view address) {
  TestCa ca("cluster.local");
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("address", address).field("id", "spiffe://cluster.local/ns/h/sa/c");
  writer.field("ca", ca.root_pem()).field("token", "s3cret").end_object();
  return out;
}

TEST(CliContextSet, PicksTheCurrentOneOrTheNamedOne) {
  auto set = ContextSet::parse(kTwo);

  ASSERT_TRUE(set) << set.error().text();
  EXPECT_THAT(set->names(), ElementsAre("prod", "staging"));
  EXPECT_EQ(set->pick("")->compact(), R"({"address":"a"})");
  EXPECT_EQ(set->pick("staging")->compact(), R"({"address":"b"})");
  EXPECT_EQ(set->pick("other").error().detail, "there is no context \"other\"; known: prod, staging");
}

TEST(CliContextSet, AFileOfOneContextHasNoNames) {
  auto set = ContextSet::parse(R"({"address":"a"})");

  EXPECT_TRUE(set->names().empty());
  EXPECT_EQ(set->pick("")->compact(), R"({"address":"a"})");
  EXPECT_THAT(set->pick("prod").error().detail, HasSubstr("one without a name"));
}

TEST(CliContextSet, AddsAndUses) {
  auto set = *ContextSet::parse(R"({"address":"a"})");

  ASSERT_TRUE(set.add("staging", *JsonValue::parse(R"({"address":"b"})")));
  EXPECT_THAT(set.names(), ElementsAre("default", "staging"));
  EXPECT_EQ(set.current(), "default");
  ASSERT_TRUE(set.use("staging"));
  EXPECT_FALSE(set.use("other"));

  auto again = ContextSet::parse(set.to_json());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->current(), "staging");
}

TEST(CliContextSet, RefusesWhatIsNoSet) {
  auto refused = [](std::string_view json) { return ContextSet::parse(json).error().detail; };

  EXPECT_THAT(refused(R"({"current":"x","contexts":{"prod":{}}})"), HasSubstr("there is no context \"x\""));
  EXPECT_THAT(refused(R"({"contexts":{"prod":{}}})"), HasSubstr("current: is required"));
  EXPECT_THAT(refused(R"({"current":"P","contexts":{"P":{}}})"), HasSubstr("is not a name"));
  EXPECT_THAT(refused(R"({"current":"a","contexts":{"a":{}},"more":1})"), HasSubstr("more: unknown field"));
}

TEST(CliContextSet, TheFileIsReadByName) {
  std::string one = context_json("127.0.0.1:1");
  std::string two = str_cat(R"({"current":"a","contexts":{"a":)", one, R"(,"b":)", context_json("127.0.0.1:2"), "}}");

  EXPECT_EQ(ContextFile::parse(two)->address.text(), "127.0.0.1:1");
  EXPECT_EQ(ContextFile::parse(two, "b")->address.text(), "127.0.0.1:2");
  EXPECT_FALSE(ContextFile::parse(two, "c"));
}

TEST(CliContext, AddsListsAndUsesContextsOfAFile) {
  CliRig rig;
  std::string source = rig.file("admin.context", context_json("127.0.0.1:15080"));
  std::string other = rig.file("other.context", context_json("127.0.0.2:15080"));
  std::string file = source.substr(0, source.rfind('/')) + "/.heddle/context.json";
  std::string at = " --context " + file;

  EXPECT_EQ(rig.run("context list" + at), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("no context file"));
  EXPECT_EQ(rig.run("context add prod " + source + at), ExitCode::kOk) << rig.err();
  EXPECT_EQ(rig.run("context add staging " + other + at), ExitCode::kOk) << rig.err();
  EXPECT_EQ(rig.run("context use staging" + at), ExitCode::kOk) << rig.err();
  EXPECT_EQ(rig.out(), "context staging is current\n");
  EXPECT_EQ(rig.run("context current" + at), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "staging\n");
  EXPECT_EQ(rig.run("context list" + at), ExitCode::kOk);
  EXPECT_EQ(rig.out(),
            "CURRENT  NAME     ADDRESS          ID\n"
            "-        prod     127.0.0.1:15080  spiffe://cluster.local/ns/h/sa/c\n"
            "*        staging  127.0.0.2:15080  spiffe://cluster.local/ns/h/sa/c\n");
  EXPECT_THAT(rig.out(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(ContextFile::load(file)->address.text(), "127.0.0.2:15080");
  EXPECT_EQ(rig.run("context use nowhere" + at), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("known: prod, staging"));
}

TEST(CliContext, RefusesToAddWhatIsNoContext) {
  CliRig rig;
  std::string source = rig.file("admin.context", R"({"address":"nowhere"})");

  EXPECT_EQ(rig.run("context add prod " + source + " --context " + source + ".new"), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("token: is required"));
}
}  // namespace
}  // namespace heddle
