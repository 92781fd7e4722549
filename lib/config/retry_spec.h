// RetrySpec: after which answers and failures a request is tried again (Gateway API GEP-1731, rules[].retry). A plain
// value, immutable once parsed. What was never processed is tried elsewhere whether there is a RetrySpec or not.
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
  bool has_code(uint16_t status) const noexcept {
    return status >= kFirstCode && status <= kLastCode && codes[status - kFirstCode];
  }
  void add_code(uint16_t status) { codes.set(status - kFirstCode); }
  bool operator==(const RetrySpec&) const = default;
};
}  // namespace heddle
