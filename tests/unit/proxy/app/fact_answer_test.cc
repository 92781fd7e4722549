#include "proxy/app/fact_answer.h"

#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
FactSlots slots_of(FactRing& ring, size_t count, std::string_view name, FactDirection direction) {
  for (size_t i = 0; i < count; ++i) {
    FactSlot& slot = ring.next();
    slot.direction = direction;
    slot.stands_for = 16;
    slot.append(FactSlot::Tag::kPath, std::string(name) + std::to_string(i));
    slot.append(FactSlot::Tag::kPeer, direction == FactDirection::kInbound ? "spiffe://t/caller" : "");
  }
  return ring.copy();
}

class MergeFacts : public testing::Test {
 protected:
  FactRing first_{100};
  FactRing second_{100};
};

TEST_F(MergeFacts, AddWhatTheSidecarHasInCommon) {
  KeptFacts kept = merge_facts(
      {slots_of(first_, 1, "/out", FactDirection::kOutbound), slots_of(second_, 2, "/in", FactDirection::kInbound)},
      kMaxFacts, "shop", "spiffe://t/own");

  ASSERT_EQ(kept.facts.size(), 3u);
  EXPECT_EQ(kept.facts[0].peer, "spiffe://t/own");
  EXPECT_EQ(kept.facts[1].peer, "spiffe://t/caller");
  EXPECT_EQ(kept.facts[2].ns, "shop");
  EXPECT_EQ(kept.seen, 48u);
}

TEST_F(MergeFacts, KeepTheNewestOfEachWorker) {
  KeptFacts kept = merge_facts(
      {slots_of(first_, 30, "/a", FactDirection::kOutbound), slots_of(second_, 10, "/b", FactDirection::kOutbound)}, 20,
      "shop", "");

  ASSERT_EQ(kept.facts.size(), 20u);
  EXPECT_EQ(kept.facts[0].path, "/a15");
  EXPECT_EQ(kept.facts[14].path, "/a29");
  EXPECT_EQ(kept.facts[15].path, "/b5");
  EXPECT_EQ(kept.seen, 320u);
}

TEST_F(MergeFacts, OfNothingAreNothing) {
  KeptFacts kept = merge_facts({{}, {}}, 10, "shop", "");

  EXPECT_TRUE(kept.facts.empty());
  EXPECT_EQ(facts_json(kept), R"({"seen":0,"facts":[]})");
}

Result<Settings> with(std::string_view line) {
  return parse_bootstrap("node: a\nidentity: {source: none}\n" + std::string(line), "proxy.yaml");
}

TEST(BootstrapFacts, AreOnUnlessSwitchedOff) {
  EXPECT_TRUE(with("")->facts);
  EXPECT_TRUE(with("facts: on\n")->facts);
  EXPECT_FALSE(with("facts: off\n")->facts);
}

TEST(BootstrapFacts, RefuseAnythingElse) {
  for (std::string_view line : {"facts: 100\n", "facts: maybe\n", "facts: {share: 16}\n"}) {
    auto settings = with(line);
    ASSERT_FALSE(settings) << line;
    EXPECT_NE(settings.error().detail.find("facts"), std::string::npos) << settings.error().detail;
  }
}

TEST(BootstrapFacts, NeedARestart) {
  EXPECT_EQ(keys_that_need_restart(*with("facts: on\n"), *with("facts: off\n")), std::vector<std::string>{"facts"});
}
}  // namespace
}  // namespace heddle
