#include "control/source/root_targets.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
const MonoTime kNow{};

JsonValue labelled(std::string_view value, std::string_view phase = "Active") {
  return JsonValue::parse(str_cat(R"({"metadata":{"labels":{"heddle.dev/inject":")", value,
                                  R"("}},"status":{"phase":")", phase, R"("}})"))
      .value_or(JsonValue());
}
JsonValue with_roots(std::string_view roots) { return *JsonValue::parse(root_config_map(roots)); }

RootTargets ready() {
  RootTargets out;
  out.use("roots");
  return out;
}

TEST(RootTargets, AreNamespacesWithTheLabel) {
  RootTargets targets = ready();
  targets.put_namespace("a", labelled("disabled"));
  EXPECT_EQ(targets.due(kNow), std::nullopt);

  targets.put_namespace("b", labelled("enabled"));
  EXPECT_EQ(targets.due(kNow), "b");

  targets.put_namespace("b", labelled("enabled", "Terminating"));
  EXPECT_EQ(targets.due(kNow), std::nullopt) << "nothing can be made there any more";
}

TEST(RootTargets, AreNamespacesOfPodsWithTheLabel) {
  RootTargets targets = ready();
  targets.put_namespace("a", JsonValue::object());
  targets.put_pod("a", "one");
  targets.put_pod("a", "two");
  targets.put_pod("unknown", "three");
  EXPECT_EQ(targets.due(kNow), "a");

  targets.remove_pod("a", "one");
  EXPECT_EQ(targets.due(kNow), "a");
  targets.remove_pod("a", "two");
  EXPECT_EQ(targets.due(kNow), std::nullopt);
}

TEST(RootTargets, AreRightWhenTheySayTheRootsOfNow) {
  RootTargets targets = ready();
  targets.put_namespace("a", labelled("enabled"));
  targets.put_config_map("a", with_roots("roots"));
  EXPECT_EQ(targets.due(kNow), std::nullopt);

  targets.put_config_map("a", with_roots("of somebody else"));
  EXPECT_EQ(targets.due(kNow), "a") << "is set right again";
  targets.written("a", "roots");
  EXPECT_EQ(targets.due(kNow), std::nullopt);

  targets.use("new roots");
  EXPECT_EQ(targets.due(kNow), "a");
  targets.written("a", "new roots");
  targets.remove_config_map("a");
  EXPECT_EQ(targets.due(kNow), "a");
}

TEST(RootTargets, OneThatFailsDoesNotHoldUpTheOthers) {
  RootTargets targets = ready();
  targets.put_namespace("a", labelled("enabled"));
  targets.put_namespace("b", labelled("enabled"));
  targets.postpone("a", kNow + 5s);
  EXPECT_EQ(targets.due(kNow), "b");

  targets.written("b", "roots");
  EXPECT_EQ(targets.due(kNow + 4s), std::nullopt);
  EXPECT_EQ(targets.due(kNow + 5s), "a");
}

TEST(RootTargets, NothingIsWrittenWithoutRoots) {
  RootTargets targets;
  targets.put_namespace("a", labelled("enabled"));

  EXPECT_EQ(targets.due(kNow), std::nullopt);
}
}  // namespace
}  // namespace heddle
