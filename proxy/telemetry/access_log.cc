#include "proxy/telemetry/access_log.h"

namespace heddle {
namespace {
constexpr uint16_t kFirstClientError = 400;
constexpr uint16_t kFirstServerError = 500;
}  // namespace

bool AccessLog::wants(uint16_t status, Reason reason) noexcept {
  // A redirect, say, is what the route asks for.
  bool is_error = info(reason).status >= kFirstClientError || status >= kFirstServerError;
  switch (policy_.mode) {
    case AccessLogPolicy::Mode::kOff:
      return false;
    case AccessLogPolicy::Mode::kErrors:
      return is_error;
    case AccessLogPolicy::Mode::kAll:
      return true;
    case AccessLogPolicy::Mode::kSample:
      break;
  }
  if (is_error) return true;
  if (++since_sample_ < policy_.one_in) return false;
  since_sample_ = 0;
  return true;
}
}  // namespace heddle
