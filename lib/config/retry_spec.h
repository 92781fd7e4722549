// RetrySpec: after which answers and failures a request is tried again: rules[].retry of a route (Gateway API
// GEP-1731), or the retry of a TrafficPolicy for rules that say nothing. RetryBudgetSpec: how many a backend set gets.
// Plain values, immutable once parsed. What was never processed is tried elsewhere whether there is a RetrySpec or not.
#pragma once
#include <bitset>
#include <cstdint>

#include "lib/base/clock.h"

namespace heddle {
struct RetrySpec {
  static constexpr uint16_t kFirstCode = 400;
  static constexpr uint16_t kLastCode = 599;
  static constexpr unsigned kMaxAttempts = 10;
  uint8_t attempts = 1;     // beside the first
  Duration backoff = 25ms;  // at least, before the first of them; it doubles with each
  std::bitset<200> codes;   // of answers, from kFirstCode on
  std::bitset<17> grpc;     // statuses of gRPC answers without a message: the author's word that they are safe
  bool any_method = false;  // also what is not idempotent
  bool has_code(uint16_t status) const noexcept {
    return status >= kFirstCode && status <= kLastCode && codes[status - kFirstCode];
  }
  void add_code(uint16_t status) { codes.set(status - kFirstCode); }
  bool operator==(const RetrySpec&) const = default;
};

struct RetryBudgetSpec {
  uint32_t percent = 20;         // of the requests of the window
  uint32_t min_per_second = 10;  // even if there are fewer requests
  // Of one of `workers` loops, rounded up.
  RetryBudgetSpec share(uint32_t workers) const noexcept {
    return {percent, (min_per_second + workers - 1) / (workers == 0 ? 1 : workers)};
  }
  bool operator==(const RetryBudgetSpec&) const = default;
};
}  // namespace heddle
