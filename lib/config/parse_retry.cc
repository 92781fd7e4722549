#include <algorithm>

#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr Duration kMinBackoff = 1ms;
constexpr int64_t kMaxRetriesPerSecond = 100'000;
constexpr Duration kMaxBackoff = 1s;  // the longest wait of our own: proxy/resilience/retry_policy.h

// Without codes: what says that somebody between here and the application could not serve it.
void parse_codes(JsonObject& retry, RetrySpec& out) {
  if (!retry.has("codes")) {
    for (uint16_t code : {uint16_t{502}, uint16_t{503}, uint16_t{504}}) out.add_code(code);
    return;
  }
  for (const JsonReader& at : retry.array("codes", {1, kMaxRetryCodes})) {
    std::optional<int64_t> code = at.integer({RetrySpec::kFirstCode, RetrySpec::kLastCode});
    if (!code) continue;
    if (out.has_code(static_cast<uint16_t>(*code))) at.problem("stands twice");
    out.add_code(static_cast<uint16_t>(*code));
  }
}
RetrySpec parse_common(JsonObject& retry) {
  RetrySpec out;
  out.attempts = static_cast<uint8_t>(retry.optional_integer("attempts", {1, RetrySpec::kMaxAttempts}).value_or(1));
  parse_codes(retry, out);
  out.backoff = retry.optional_duration("backoff", {kMinBackoff, kMaxBackoff}).value_or(out.backoff);
  return out;
}

void parse_grpc_status(const JsonReader& at, RetrySpec& out) {
  std::optional<std::string_view> name = at.string({1, 32});
  if (!name) return;
  const auto& names = kGrpcStatusNames;
  auto status = static_cast<size_t>(std::find(names.begin(), names.end(), *name) - names.begin());
  if (status == 0 || status == names.size()) {
    return at.problem(str_cat(in_quotes(*name), " is not a status of gRPC such as UNAVAILABLE or RESOURCE_EXHAUSTED"));
  }
  if (out.grpc[status]) at.problem("stands twice");
  out.grpc.set(status);
}
}  // namespace

std::optional<RetrySpec> parse_retry(JsonObject& rule) {
  std::optional<JsonObject> retry = rule.optional_object("retry");
  if (!retry) return std::nullopt;
  RetrySpec out = parse_common(*retry);
  for (std::string_view field : {"grpcStatuses", "nonIdempotent"}) {
    retry->refuse(field, "stands in the TrafficPolicy of the backend set");
  }
  retry->finish();
  return out;
}

std::optional<RetrySpec> parse_policy_retry(JsonObject& spec) {
  std::optional<JsonObject> retry = spec.optional_object("retry");
  if (!retry) return std::nullopt;
  RetrySpec out = parse_common(*retry);
  for (const JsonReader& at : retry->optional_array("grpcStatuses", {1, 16})) parse_grpc_status(at, out);
  out.any_method = retry->optional_boolean("nonIdempotent").value_or(false);
  retry->finish();
  return out;
}

std::optional<RetryBudgetSpec> parse_retry_budget(JsonObject& spec) {
  std::optional<JsonObject> budget = spec.optional_object("retryBudget");
  if (!budget) return std::nullopt;
  RetryBudgetSpec out;
  auto number = [&](std::string_view field, IntRange range, uint32_t otherwise) {
    return static_cast<uint32_t>(budget->optional_integer(field, range).value_or(otherwise));
  };
  out.percent = number("percent", {0, 100}, out.percent);
  out.min_per_second = number("minPerSecond", {0, kMaxRetriesPerSecond}, out.min_per_second);
  budget->finish();
  return out;
}
}  // namespace heddle::detail
