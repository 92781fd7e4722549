#include "proxy/app/cpu_quota.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(CpuQuota, ReadsCpuMax) {
  EXPECT_EQ(parse_cpu_max("200000 100000\n"), 2.0);
  EXPECT_EQ(parse_cpu_max("50000 100000\n"), 0.5);
  EXPECT_EQ(parse_cpu_max("max 100000\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_max("1 0\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_max(""), std::nullopt);
}

TEST(CpuQuota, RunsAsManyWorkersAsTheQuotaRoundedUp) {
  EXPECT_EQ(workers_for(1.5, 8), 2U);
  EXPECT_EQ(workers_for(0.1, 8), 1U);
}

TEST(CpuQuota, NeverRunsMoreWorkersThanCpusOrFour) {
  EXPECT_EQ(workers_for(3.0, 2), 2U);
  EXPECT_EQ(workers_for(std::nullopt, 64), 4U);
  EXPECT_EQ(workers_for(std::nullopt, 1), 1U);
}
}  // namespace
}  // namespace heddle
