// Many workers that see every endpoint fail at once: the share holds at every moment, and a proof is one request.
#include <gtest/gtest.h>

#include <thread>

#include "proxy/resilience/health_table.h"

namespace heddle {
namespace {
constexpr size_t kEndpoints = 20;
constexpr int kWorkers = 4;
constexpr int kRounds = 20'000;

class OutlierGroupThreads : public testing::Test {
 protected:
  OutlierGroupThreads() {
    for (size_t i = 0; i < kEndpoints; ++i) {
      EndpointKey key{Address::loopback(static_cast<uint16_t>(8000 + i)), std::nullopt};
      cells.push_back(group->get(key, table.get({key.address, ""}), true));
    }
  }
  size_t out() const {
    return static_cast<size_t>(std::count_if(cells.begin(), cells.end(), [](const auto& c) { return !c->is_in(); }));
  }
  template <class F>
  void on_workers(F work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kWorkers; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
  }
  HealthTable table;
  std::shared_ptr<OutlierGroup> group = table.outliers().get({Kind::kBackendSet, "default", "s"});
  std::vector<std::shared_ptr<OutlierEndpoint>> cells;
  OutlierSpec spec;
};

TEST_F(OutlierGroupThreads, HoldTheShareWhileEverythingFails) {
  spec.max_ejected_percent = 25;
  std::atomic<size_t> most{0};

  on_workers([&](int worker) {
    for (int round = 0; round < kRounds; ++round) {
      auto& cell = cells[static_cast<size_t>(round * 7 + worker) % kEndpoints];
      auto asked = cell->count(OutlierOutcome::kGatewayError, spec);
      if (asked) group->eject(*cell, *asked, spec, MonoTime(1s), 0);
      size_t seen = out();
      for (size_t known = most; seen > known && !most.compare_exchange_weak(known, seen);) {
      }
    }
  });

  EXPECT_EQ(most, kEndpoints / 4);
  EXPECT_EQ(group->ejected(), kEndpoints / 4);
}

TEST_F(OutlierGroupThreads, GiveOneRequestToAnEndpointThatIsDue) {
  std::atomic<int> proofs{0};
  std::atomic<int> at_once{0};
  std::atomic<bool> twice{false};
  spec.jitter = 0;
  ASSERT_TRUE(group->eject(*cells[0], {}, spec, MonoTime(0s), 0));

  on_workers([&](int) {
    for (int round = 0; round < kRounds; ++round) {
      OutlierProbe probe = OutlierProbe::claim(cells[0], MonoTime(31s));
      if (!probe) continue;
      if (at_once.fetch_add(1) != 0) twice = true;
      ++proofs;
      at_once.fetch_sub(1);
    }
  });

  EXPECT_FALSE(twice);
  EXPECT_GT(proofs, 0);
  EXPECT_EQ(group->ejected(), 1U);
}
}  // namespace
}  // namespace heddle
