#include "tests/adversarial/cost_bound.h"

#include <gtest/gtest.h>

namespace heddle::adversarial {
namespace {
void check(size_t sent, uint64_t bytes, uint64_t blocks, uint64_t most_blocks) {
  EXPECT_LE(bytes, CostBound::kConnections + CostBound::kTimes * sent) << "allocated for " << sent << " bytes";
  EXPECT_LE(blocks, most_blocks) << "basic blocks for " << sent << " bytes";
}
}  // namespace

CostBound::CostBound(size_t sent, uint64_t request) : sent_(sent), request_(request) { leave_out(); }

CostBound::~CostBound() { check(sent_, allocated_.bytes(), work_.blocks(), kTimes * request_ * (1 + sent_ / kShare)); }

void check_call(size_t given, uint64_t bytes, uint64_t blocks) {
  check(given, bytes, blocks, kDocumentWork + kWorkPerByte * given);
}

void CostBound::leave_out() {
  AllocationCounter::leave_out_this_thread();
  WorkCounter::leave_out_this_thread();
}
}  // namespace heddle::adversarial
