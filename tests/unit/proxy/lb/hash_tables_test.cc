// The two tables of consistent hashing by themselves: their sizes, and what one has that the other has not.
#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/lb/maglev_table.h"
#include "proxy/lb/stable_hash.h"

namespace heddle {
namespace {
std::vector<HashedEndpoint> equal_endpoints(size_t count) {
  std::vector<HashedEndpoint> out;
  for (size_t i = 0; i < count; ++i) out.push_back({stable_hash(i, 0), 1});
  return out;
}

template <class Table>
std::vector<size_t> slots_by_owner(const Table& table, size_t owners) {
  std::vector<size_t> out(owners);
  for (size_t slot = 0; slot < table.size(); ++slot) ++out[table.owner(slot)];
  return out;
}

TEST(StableHash, IsTheSameForever) {
  EXPECT_EQ(stable_hash("user-1"), stable_hash(std::string("user-") + "1"));
  EXPECT_EQ(stable_hash(""), 0x2d06800538d394c2ULL) << "XXH3: other sidecars count on it";
  EXPECT_NE(stable_hash(1, 2), stable_hash(2, 1));
}

TEST(HashRing, GrowsWithTheEndpointsUpToItsLimit) {
  HashRing ring;
  ring.build(equal_endpoints(1));
  EXPECT_EQ(ring.size(), 1024U);
  ring.build(equal_endpoints(64));
  EXPECT_EQ(ring.size(), HashRing::kMaxPoints);
  ring.build(equal_endpoints(65));
  EXPECT_EQ(ring.size(), 65U * 512);
}

TEST(HashRing, GivesEveryEndpointAPointHoweverManyThereAre) {
  HashRing ring;
  ring.build(equal_endpoints(70'000));

  auto points = slots_by_owner(ring, 70'000);

  EXPECT_EQ(*std::min_element(points.begin(), points.end()), 1U);
  EXPECT_EQ(*std::max_element(points.begin(), points.end()), 1U);
}

TEST(HashRing, GivesTheLightestAPointBesideTheHeaviest) {
  HashRing ring;
  ring.build(std::vector<HashedEndpoint>{{1, 1}, {2, 1'000'000}, {3, 0}});

  auto points = slots_by_owner(ring, 3);

  EXPECT_EQ(points[0], 1U);
  EXPECT_EQ(points[1], 1024U);
  EXPECT_EQ(points[2], 0U);
}

TEST(HashRing, WrapsAround) {
  HashRing ring;
  ring.build(equal_endpoints(3));

  EXPECT_LT(ring.slot_of(UINT64_MAX), ring.size());
  EXPECT_EQ(ring.slot_of(0), 0U);
}

TEST(HashRing, OfNobodyIsEmpty) {
  HashRing ring;
  ring.build(equal_endpoints(3));
  ring.build({});
  EXPECT_EQ(ring.size(), 0U);
  ring.build(std::vector<HashedEndpoint>{{1, 0}});
  EXPECT_EQ(ring.size(), 0U);
}

TEST(MaglevTable, SharesItsSlotsToOne) {
  MaglevTable table;
  table.build(equal_endpoints(7));

  auto slots = slots_by_owner(table, 7);

  EXPECT_EQ(table.size(), 65'537U);
  EXPECT_LE(*std::max_element(slots.begin(), slots.end()) - *std::min_element(slots.begin(), slots.end()), 1U);
}

TEST(MaglevTable, SharesItsSlotsByWeight) {
  MaglevTable table;
  table.build(std::vector<HashedEndpoint>{{1, 1}, {2, 2}, {3, 5}, {4, 0}});

  auto slots = slots_by_owner(table, 4);

  EXPECT_NEAR(static_cast<double>(slots[0]), 65'537 / 8.0, 2);
  EXPECT_NEAR(static_cast<double>(slots[1]), 65'537 / 4.0, 2);
  EXPECT_NEAR(static_cast<double>(slots[2]), 65'537 * 5 / 8.0, 2);
  EXPECT_EQ(slots[3], 0U);
}

TEST(MaglevTable, GivesOneSlotEachWhenThereAreMoreEndpointsThanSlots) {
  MaglevTable table;
  table.build(equal_endpoints(70'000));

  auto slots = slots_by_owner(table, 70'000);

  EXPECT_EQ(*std::max_element(slots.begin(), slots.end()), 1U);
}

TEST(MaglevTable, OfNobodyIsEmpty) {
  MaglevTable table;
  table.build(equal_endpoints(2));
  table.build({});
  EXPECT_EQ(table.size(), 0U);
}
}  // namespace
}  // namespace heddle
