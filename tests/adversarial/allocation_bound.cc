#include "tests/adversarial/allocation_bound.h"

#include <gtest/gtest.h>

namespace heddle::adversarial {
AllocationBound::AllocationBound(size_t sent) : sent_(sent) { leave_out(); }

AllocationBound::~AllocationBound() {
  uint64_t allocated = counter_.bytes();
  EXPECT_LE(allocated, kConnections + kTimes * sent_) << "for " << sent_ << " bytes";
}
}  // namespace heddle::adversarial
