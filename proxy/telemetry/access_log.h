// AccessLog: which requests are worth a line, and the way of their record to the writer. One per worker, on its loop;
// never blocks, never allocates.
#pragma once
#include <cstdint>

#include "proxy/telemetry/access_ring.h"

namespace heddle {
struct AccessLogPolicy {
  enum class Mode : uint8_t {
    kOff,
    kErrors,  // answers made by the proxy, resets, status >= 500
    kSample,  // the errors, and one in `one_in` of the rest
    kAll
  };
  Mode mode = Mode::kErrors;
  uint32_t one_in = 100;
  bool operator==(const AccessLogPolicy&) const = default;
};

class AccessLog {
 public:
  AccessLog(AccessLogPolicy policy, AccessRing& ring) : policy_(policy), ring_(ring) {}
  void set_policy(AccessLogPolicy policy) noexcept { policy_ = policy; }
  bool is_off() const noexcept { return policy_.mode == AccessLogPolicy::Mode::kOff; }
  // Ask once per request; when the answer is no, nobody needs to fill a record for the log.
  bool wants(uint16_t status, Reason) noexcept;
  // Takes the record without asking; dropped and counted when the ring is full.
  void write(const AccessRecord& record) noexcept { ring_.push(record); }

 private:
  AccessLogPolicy policy_;
  AccessRing& ring_;
  uint32_t since_sample_ = 0;
};
}  // namespace heddle
