#include "proxy/watch/batch_applier.h"

#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
WatchBatch batch_of(const std::vector<Resource>& resources, Version to) {
  ContentHasher hasher;
  WatchBatch batch{{BatchKind::kSnapshot, std::nullopt, to}, {}, {to, ""}, 0};
  for (const Resource& resource : resources) {
    hasher.put(resource);
    batch.lines.push_back(encode_put(resource.key.text(), resource.json));
    batch.lines.back().pop_back();
  }
  batch.end.hash = to_hex(hasher.value());
  return batch;
}

class LastGoodTest : public testing::Test {
 protected:
  LastGoodTest() { EXPECT_NE(applier_.apply(batch_of(resources_, {3, 14})).snapshot, nullptr); }
  std::vector<Resource> resources_ = resources_of(service_yaml("a"));
  BatchApplier applier_;
};

TEST_F(LastGoodTest, ComesBackAsItWas) {
  std::string text = applier_.last_good_text({resources_.front().key});

  BatchApplier fresh;
  auto restored = fresh.restore(text);

  ASSERT_TRUE(restored) << restored.error().text();
  EXPECT_EQ(restored->applied.snapshot->version(), (Version{3, 14}));
  EXPECT_EQ(restored->applied.snapshot->hash(), applier_.current()->hash());
  EXPECT_EQ(restored->wants, std::vector{resources_.front().key});
}

TEST_F(LastGoodTest, RefusesEveryFlippedByteAndEveryLength) {
  const std::string good = applier_.last_good_text({});
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(BatchApplier().restore(bad)) << i;
    EXPECT_FALSE(BatchApplier().restore(good.substr(0, i))) << i;
  }
}

TEST_F(LastGoodTest, HoldsTheEffectOfDeltas) {
  std::vector<Resource> b = resources_of(service_yaml("b"));
  WatchBatch delta = batch_of(b, {3, 15});
  delta.begin = {BatchKind::kDelta, Version{3, 14}, Version{3, 15}};
  for (const Resource& r : resources_) {
    delta.lines.push_back(encode(ControlMessage(WatchDelete{r.key})));
    delta.lines.back().pop_back();
  }
  ASSERT_NE(applier_.apply(delta).snapshot, nullptr);

  BatchApplier fresh;
  auto restored = fresh.restore(applier_.last_good_text({}));

  ASSERT_TRUE(restored) << restored.error().text();
  EXPECT_EQ(restored->applied.snapshot->model().services.size(), 1U);
}

TEST(BatchApplier, NamesALineThatIsNoPut) {
  BatchApplier applier;
  WatchBatch batch = batch_of({}, {1, 1});
  batch.lines.push_back("{\"put\":\"Service/default/a\"}");

  AppliedBatch applied = applier.apply(batch);

  EXPECT_EQ(applied.snapshot, nullptr);
  EXPECT_EQ(applied.errors.size(), 1U);
}
}  // namespace
}  // namespace heddle
