#include "proxy/resilience/hedge.h"

namespace heddle {
HedgeStep hedge_step(const HedgeSpec& spec, const HedgeFacts& facts) noexcept {
  bool may_repeat =
      (facts.is_idempotent || spec.any_method) && !facts.is_upgrade && !facts.has_session && facts.is_kept;
  if (!may_repeat || !facts.is_under_way || facts.is_answered) return HedgeStep::kNever;
  if (facts.tries >= facts.endpoints) return HedgeStep::kNever;  // nobody else to ask
  return facts.has_ended ? HedgeStep::kSend : HedgeStep::kWait;
}

// Whoever refuses for load or goes away (429; RESOURCE_EXHAUSTED, UNAVAILABLE) has done nothing: the other one may
// answer.
bool ends_race(const RetrySpec* spec, const RetryAnswer& answer) noexcept {
  constexpr uint32_t kResourceExhausted = 8;
  constexpr uint32_t kUnavailable = 14;
  bool is_refused =
      answer.status == 429 || answer.grpc_status == kResourceExhausted || answer.grpc_status == kUnavailable;
  if (is_refused) return false;
  if (spec == nullptr) return answer.status < 502 || answer.status > 504;
  bool is_named = answer.grpc_status && *answer.grpc_status < spec->grpc.size() && spec->grpc[*answer.grpc_status];
  return !is_named && !spec->has_code(answer.status);
}

std::string_view to_text(HedgeResult result) noexcept {
  switch (result) {
    case HedgeResult::kWon:
      return "won";
    case HedgeResult::kLost:
      return "lost";
    case HedgeResult::kTookOver:
      return "took-over";
    case HedgeResult::kFailed:
      return "failed";
    case HedgeResult::kCancelled:
      break;
  }
  return "cancelled";
}
}  // namespace heddle
