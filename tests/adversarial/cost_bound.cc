#include "tests/adversarial/cost_bound.h"

#include <gtest/gtest.h>

namespace heddle::adversarial {
CostBound::CostBound(size_t sent, uint64_t request) : sent_(sent), request_(request) { leave_out(); }

CostBound::~CostBound() {
  uint64_t bytes = allocated_.bytes();
  uint64_t blocks = work_.blocks();
  EXPECT_LE(bytes, kConnections + kTimes * sent_) << "allocated for " << sent_ << " bytes";
  EXPECT_LE(blocks, kTimes * request_ * (1 + sent_ / kShare)) << "basic blocks for " << sent_ << " bytes";
}

void CostBound::leave_out() {
  AllocationCounter::leave_out_this_thread();
  WorkCounter::leave_out_this_thread();
}
}  // namespace heddle::adversarial
