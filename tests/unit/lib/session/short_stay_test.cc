#include "lib/session/short_stay.h"

#include <gtest/gtest.h>

#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
struct Visitor final : Connection {
  void drain() override {}
  void abort(const Error&) override { ++aborted; }
  ConnectionInfo describe() const override { return {}; }
  std::string_view protocol() const override { return "fake"; }
  size_t active_streams() const override { return 1; }
  int aborted = 0;
};

class ShortStayTest : public testing::Test {
 protected:
  ManualScheduler scheduler_;
  ConnectionRegistry registry_;
  Visitor visitor_;
  ShortStay stay_{scheduler_, registry_, 30s};
};

TEST_F(ShortStayTest, NobodyStaysLonger) {
  registry_.add(visitor_);

  scheduler_.advance(31s);

  EXPECT_EQ(visitor_.aborted, 1);
}

TEST_F(ShortStayTest, WhoComesJustBeforeALookHasHalfOfTheTime) {
  scheduler_.advance(14s);
  registry_.add(visitor_);

  scheduler_.advance(14s);

  EXPECT_EQ(visitor_.aborted, 0);
}

TEST_F(ShortStayTest, WhoComesJustAfterALookIsEndedInTime) {
  scheduler_.advance(16s);
  registry_.add(visitor_);

  scheduler_.advance(30s);

  EXPECT_EQ(visitor_.aborted, 1);
}

TEST_F(ShortStayTest, WhoHasLeftIsLeftAlone) {
  registry_.add(visitor_);
  scheduler_.advance(16s);
  registry_.remove(visitor_);

  scheduler_.advance(60s);

  EXPECT_EQ(visitor_.aborted, 0);
}
}  // namespace
}  // namespace heddle
