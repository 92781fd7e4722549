#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr Duration kMinBackoff = 1ms;
constexpr Duration kMaxBackoff = 1s;  // the longest wait of our own: proxy/resilience/retry_policy.h

// Without codes: what says that somebody between here and the application could not serve it.
void parse_codes(JsonObject& retry, RetrySpec& out) {
  if (!retry.has("codes")) {
    for (uint16_t code : {502, 503, 504}) out.add_code(code);
    return;
  }
  for (const JsonReader& at : retry.array("codes", {1, kMaxRetryCodes})) {
    std::optional<int64_t> code = at.integer({RetrySpec::kFirstCode, RetrySpec::kLastCode});
    if (!code) continue;
    if (out.has_code(static_cast<uint16_t>(*code))) at.problem("stands twice");
    out.add_code(static_cast<uint16_t>(*code));
  }
}
}  // namespace

std::optional<RetrySpec> parse_retry(JsonObject& rule) {
  std::optional<JsonObject> retry = rule.optional_object("retry");
  if (!retry) return std::nullopt;
  RetrySpec out;
  out.attempts = static_cast<uint8_t>(retry->optional_integer("attempts", {1, RetrySpec::kMaxAttempts}).value_or(1));
  parse_codes(*retry, out);
  out.backoff = retry->optional_duration("backoff", {kMinBackoff, kMaxBackoff}).value_or(out.backoff);
  retry->finish();
  return out;
}
}  // namespace heddle::detail
