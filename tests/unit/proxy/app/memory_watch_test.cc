#include "proxy/app/memory_watch.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/captured_log.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
class MemoryWatchTest : public testing::Test {
 protected:
  void look(size_t used) {
    used_ = used;
    scheduler_.advance(MemoryWatch::kEvery);
  }
  ManualScheduler scheduler_;
  Registry metrics_;
  CapturedLog log_;
  size_t used_ = 0;
  std::vector<Pressure> told_;
  MemoryWatch watch_{metrics_,
                     {scheduler_, 1000, [this] { return used_; }, [this](Pressure p) { told_.push_back(p); },
                      log_.log().module("overload")}};
};

TEST_F(MemoryWatchTest, TellsChangesOnly) {
  look(100);
  look(930);
  look(935);
  look(960);
  look(100);

  EXPECT_EQ(told_, (std::vector{Pressure::kTight, Pressure::kFull, Pressure::kNone}));
}

TEST_F(MemoryWatchTest, ShowsLimitAndLevel) {
  look(960);

  std::string all = metrics_.render();
  EXPECT_NE(all.find("heddle_memory_limit_bytes 1000\n"), std::string::npos) << all;
  EXPECT_NE(all.find("heddle_memory_pressure 2\n"), std::string::npos) << all;
  EXPECT_TRUE(log_.contains("memory pressure"));
}
}  // namespace
}  // namespace heddle
