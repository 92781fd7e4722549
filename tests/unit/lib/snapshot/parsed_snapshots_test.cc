#include "lib/snapshot/parsed_snapshots.h"

#include <gtest/gtest.h>

#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::shared_ptr<const Model> model_of(std::string_view yaml) {
  return std::make_shared<const Model>(snapshot_of(yaml)->model());
}

TEST(ParsedSnapshots, MakeASnapshotOfTheVersion) {
  ParsedSnapshots snapshots;

  auto made = snapshots.make(model_of(service_yaml("a")), {1, 7});

  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ((*made)->version(), (Version{1, 7}));
  EXPECT_TRUE((*made)->resolve("a:80", "default"));
  EXPECT_EQ(snapshots.current(), *made);
}

TEST(ParsedSnapshots, TakeOverWhatDidNotChange) {
  ParsedSnapshots snapshots;
  auto model = std::make_shared<Model>(*model_of(service_yaml("a")));
  auto first = *snapshots.make(model, {1, 1});
  auto more = std::make_shared<Model>(*model);
  auto other = model_of(service_yaml("b"));
  more->backend_sets.insert(other->backend_sets.begin(), other->backend_sets.end());

  auto second = *snapshots.make(more, {1, 2});

  EXPECT_EQ(second->find_backend_set({"default", "a"}), first->find_backend_set({"default", "a"}));
  EXPECT_NE(second->find_backend_set({"default", "b"}), nullptr);
}

TEST(ParsedSnapshots, RefuseWhatDoesNotHoldTogetherAndKeepTheLast) {
  ParsedSnapshots snapshots;
  auto first = *snapshots.make(model_of(service_yaml("a")), {1, 1});
  auto broken = std::make_shared<Model>(first->model());
  broken->backend_sets.clear();

  auto made = snapshots.make(broken, {1, 2});

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().detail,
            "Service default/a: spec.ports[0].backendSet: no BackendSet \"a\" in namespace \"default\"");
  EXPECT_EQ(snapshots.current(), first);
}
}  // namespace
}  // namespace heddle
