// What every policy that hashes promises beside the contract of all: a key keeps its endpoint, in every process and
// whatever the order of the endpoints; keys are shared by weight; a change of the endpoints moves few keys. Keys and
// ids are fixed, so every run is the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "lib/config/load_balancing.h"
#include "proxy/lb/registry.h"
#include "proxy/lb/stable_hash.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr size_t kKeys = 20'000;

class HashBalancerContract : public testing::TestWithParam<LbPolicy> {
 protected:
  using Owners = std::vector<uint16_t>;  // by key: the port of its endpoint

  void add(uint16_t port, uint32_t weight = 1) {
    ports_.push_back(port);
    candidates_.push_back({table_.get({Address::loopback(port), ""}), weight, stable_hash(port, 0)});
  }
  void add_equal(uint16_t count) {
    for (uint16_t port = 1; port <= count; ++port) add(port);
    balancer_->update(candidates_);
  }
  void remove(size_t place) {
    ports_.erase(ports_.begin() + static_cast<ptrdiff_t>(place));
    candidates_.erase(candidates_.begin() + static_cast<ptrdiff_t>(place));
    balancer_->update(candidates_);
  }
  std::unique_ptr<LoadBalancer> make() {
    return (*make_lb_registry().find(to_text(GetParam())))({random_, *table_.epoch()});
  }
  EndpointHealth& health_of(uint16_t port) { return *table_.get({Address::loopback(port), ""}); }
  uint16_t owner(uint64_t key, std::span<const uint32_t> tried = {}) {
    return ports_[balancer_->pick({.now = MonoTime(1s), .tried = tried, .hash = stable_hash(key, 99)}).value()];
  }
  Owners owners() {
    Owners out;
    for (uint64_t key = 0; key < kKeys; ++key) out.push_back(owner(key));
    return out;
  }
  static size_t moved(const Owners& before, const Owners& after) {
    return std::inner_product(before.begin(), before.end(), after.begin(), size_t{0}, std::plus<>(),
                              std::not_equal_to<>());
  }
  static std::map<uint16_t, size_t> counts(const Owners& owners) {
    std::map<uint16_t, size_t> out;
    for (uint16_t port : owners) ++out[port];
    return out;
  }

  HealthTable table_;
  SeededRandom random_{3};
  std::vector<uint16_t> ports_;
  std::vector<LbCandidate> candidates_;
  std::unique_ptr<LoadBalancer> balancer_ = make();
};

TEST_P(HashBalancerContract, KeepsAKeyOnItsEndpoint) {
  add_equal(10);

  EXPECT_EQ(owners(), owners());
}

TEST_P(HashBalancerContract, SaysTheSameWhateverTheOrderOfTheEndpointsAndTheChance) {
  add_equal(10);
  Owners before = owners();
  std::reverse(ports_.begin(), ports_.end());
  std::reverse(candidates_.begin(), candidates_.end());
  balancer_ = make();
  balancer_->update(candidates_);

  EXPECT_EQ(owners(), before);
}

TEST_P(HashBalancerContract, SharesKeysEvenly) {
  add_equal(10);

  for (auto& [port, count] : counts(owners())) EXPECT_NEAR(static_cast<double>(count), kKeys / 10.0, 500) << port;
}

TEST_P(HashBalancerContract, SharesKeysByWeight) {
  add(1, 1);
  add(2, 3);
  add(3, 6);
  add(4, 0);
  balancer_->update(candidates_);

  auto shares = counts(owners());

  EXPECT_NEAR(static_cast<double>(shares[1]), kKeys * 0.1, 500);
  EXPECT_NEAR(static_cast<double>(shares[2]), kKeys * 0.3, 1000);
  EXPECT_NEAR(static_cast<double>(shares[3]), kKeys * 0.6, 1000);
  EXPECT_EQ(shares.count(4), 0U);
}

TEST_P(HashBalancerContract, MovesFewKeysWhenAnEndpointGoes) {
  add_equal(10);
  Owners before = owners();
  remove(4);

  EXPECT_LT(moved(before, owners()), kKeys * 13 / 100) << "a tenth, and what Maglev moves besides";
}

TEST_P(HashBalancerContract, MovesFewKeysWhenAnEndpointComes) {
  add_equal(10);
  Owners before = owners();
  add(11);
  balancer_->update(candidates_);

  EXPECT_LT(moved(before, owners()), kKeys * 13 / 100);
}

// The endpoint is only down: the table stays, so exactly its keys move, and they come back.
TEST_P(HashBalancerContract, MovesOnlyTheKeysOfAnEndpointThatIsDownAndSpreadsThem) {
  add_equal(10);
  Owners before = owners();
  health_of(5).set(HealthFlag::kCheckFailed, {});
  Owners during = owners();
  health_of(5).clear(HealthFlag::kCheckFailed, {});

  EXPECT_EQ(moved(before, during), counts(before)[5]);
  for (auto& [port, count] : counts(during)) EXPECT_LT(count, kKeys * 15 / 100) << "not all to one: " << port;
  EXPECT_EQ(owners(), before);
}

TEST_P(HashBalancerContract, TheNextOfAKeyIsTheSameForEverybody) {
  add_equal(10);
  auto twin = make();
  twin->update(candidates_);

  for (uint64_t key = 0; key < 100; ++key) {
    PickContext first{.now = MonoTime(1s), .hash = stable_hash(key, 99)};
    std::array<uint32_t, 1> tried = {*balancer_->pick(first)};
    PickContext second{.now = MonoTime(1s), .tried = tried, .hash = first.hash};
    auto next = balancer_->pick(second);
    EXPECT_NE(next, tried[0]);
    EXPECT_EQ(next, twin->pick(second));
  }
}

TEST_P(HashBalancerContract, FindsTheOneUsableEndpointAmongMany) {
  add_equal(2000);
  for (uint16_t port = 1; port < 2000; ++port) health_of(port).set(HealthFlag::kCheckFailed, {});

  for (uint64_t key = 0; key < 100; ++key) EXPECT_EQ(owner(key), 2000);
}

TEST_P(HashBalancerContract, FindsNothingWhenAllWereTriedOrDown) {
  add_equal(2);
  std::array<uint32_t, 2> all = {0, 1};

  EXPECT_EQ(balancer_->pick({.now = MonoTime(1s), .tried = all, .hash = 5}), std::nullopt);
  health_of(1).set(HealthFlag::kCheckFailed, {});
  health_of(2).set(HealthFlag::kEjected, {});
  EXPECT_EQ(balancer_->pick({.now = MonoTime(1s), .hash = 5}), std::nullopt);
}

TEST_P(HashBalancerContract, AllocatesNothingPerKey) {
  add_equal(10);
  (void)owner(0);
  AllocationCounter allocations;

  for (uint64_t key = 0; key < 1000; ++key) (void)owner(key);

  EXPECT_EQ(allocations.count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(EveryHashingPolicy, HashBalancerContract,
                         testing::Values(LbPolicy::kRingHash, LbPolicy::kMaglev),
                         [](const auto& policy) { return std::string(to_text(policy.param)); });
}  // namespace
}  // namespace heddle
