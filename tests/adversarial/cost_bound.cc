#include "tests/adversarial/cost_bound.h"

#include <gtest/gtest.h>

namespace heddle::adversarial {
namespace {
void check(size_t sent, uint64_t request, uint64_t bytes, uint64_t blocks) {
  constexpr uint64_t kTimes = CostBound::kTimes;
  EXPECT_LE(bytes, CostBound::kConnections + kTimes * sent) << "allocated for " << sent << " bytes";
  EXPECT_LE(blocks, kTimes * request * (1 + sent / CostBound::kShare)) << "basic blocks for " << sent << " bytes";
}
}  // namespace

CostBound::CostBound(size_t sent, uint64_t request) : sent_(sent), request_(request) { leave_out(); }

CostBound::~CostBound() { check(sent_, request_, allocated_.bytes(), work_.blocks()); }

void check_call(size_t given, uint64_t bytes, uint64_t blocks) { check(given, kRequestWork, bytes, blocks); }

void CostBound::leave_out() {
  AllocationCounter::leave_out_this_thread();
  WorkCounter::leave_out_this_thread();
}
}  // namespace heddle::adversarial
