#include "proxy/upstream/backend_troubles.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string set_of(std::string_view name, int endpoints) {
  std::string out = str_cat("apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: ", name,
                            "}\nspec:\n  identity: spiffe://cluster.local/ns/a/sa/b\n  endpoints:\n");
  for (int i = 1; i <= endpoints; ++i) {
    out += str_cat("  - {address: ", name == "a" ? "10.0.0." : "10.0.1.", std::to_string(i), ", port: 80}\n");
  }
  return out + "---\n";
}

class BackendTroublesTest : public testing::Test {
 protected:
  void fail(std::string_view address) { set(address, HealthFlag::kCheckFailed); }
  void set(std::string_view address, HealthFlag flag) {
    health_.get({*Address::parse(address), "spiffe://cluster.local/ns/a/sa/b"})->set(flag, WallTime(1s));
  }
  HealthTable health_;
};

TEST_F(BackendTroublesTest, AreTheSetsWithEndpointsDownTheWorstFirst) {
  auto snapshot = snapshot_of(set_of("a", 3) + set_of("b", 1) + set_of("c", 2));
  fail("10.0.0.1:80");
  fail("10.0.0.2:80");
  set("10.0.1.1:80", HealthFlag::kEjected);

  EXPECT_EQ(backend_troubles(*snapshot, health_, nullptr),
            (std::vector<BackendTrouble>{{"default/b", 0, 1}, {"default/a", 1, 2}, {"default/c", 1, 1}}));
}

TEST_F(BackendTroublesTest, OfAMeshThatIsWellAreNone) {
  EXPECT_TRUE(backend_troubles(*snapshot_of(set_of("a", 2)), health_, nullptr).empty());
}

TEST_F(BackendTroublesTest, AreNotMoreThanAReportTakes) {
  std::string sets;
  for (size_t i = 0; i < kMaxBackendTroubles + 1; ++i) sets += set_of(str_cat("s", std::to_string(i)), 1);
  fail("10.0.1.1:80");

  EXPECT_EQ(backend_troubles(*snapshot_of(sets), health_, nullptr).size(), kMaxBackendTroubles);
}
}  // namespace
}  // namespace heddle
