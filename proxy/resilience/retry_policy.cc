#include "proxy/resilience/retry_policy.h"

#include <algorithm>
#include <charconv>

namespace heddle {
namespace {
std::optional<int64_t> number(std::string_view text) noexcept {
  int64_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// What the endpoint asks us to wait. A date in Retry-After needs its clock and ours to agree: not understood.
struct Asked {
  bool understood = true;
  Duration wait{};
};

Asked asked(const RetryAnswer& answer) noexcept {
  constexpr int64_t kMost = kMaxRetryAfter / 1ms;
  if (answer.pushback) {
    std::optional<int64_t> ms = number(*answer.pushback);
    if (!ms || *ms < 0 || *ms > kMost) return {false, {}};
    return {true, *ms * 1ms};
  }
  if (answer.retry_after) {
    std::optional<int64_t> seconds = number(*answer.retry_after);
    if (!seconds || *seconds < 0 || *seconds > kMost / 1000) return {false, {}};
    return {true, *seconds * 1s};
  }
  return {};
}

size_t max_tries(const RetrySpec* spec) noexcept { return spec == nullptr ? 1 : size_t{spec->attempts} + 1; }
}  // namespace

bool may_retry_failure(const RetrySpec* spec, Reason reason, const RetryFacts& facts) noexcept {
  bool unprocessed = info(reason).retry == Retry::kUnprocessed && !facts.maybe_processed;
  if (unprocessed) return facts.tries < std::max(max_tries(spec), kUnprocessedTries);
  if (spec == nullptr || info(reason).retry == Retry::kNever || facts.tries >= max_tries(spec)) return false;
  return facts.is_idempotent || spec->any_method;
}

bool may_retry_answer(const RetrySpec& spec, const RetryAnswer& answer, const RetryFacts& facts) noexcept {
  if (facts.tries >= max_tries(&spec)) return false;
  if (answer.grpc_status && *answer.grpc_status < spec.grpc.size() && spec.grpc[*answer.grpc_status]) return true;
  return spec.has_code(answer.status) && (facts.is_idempotent || spec.any_method);
}

Duration retry_backoff(const RetrySpec* spec, const RetryFacts& facts, Random& random) {
  if (spec == nullptr || !facts.maybe_processed) return {};
  Duration step = spec->backoff;
  for (size_t i = 1; i < facts.tries && step < kMaxRetryBackoff; ++i) step *= 2;
  Duration most = std::max(std::min(step, kMaxRetryBackoff), spec->backoff);
  return most + random.jitter(most / 4, 1);  // never less than was asked for, on average a quarter more
}

std::optional<Duration> retry_wait(const RetrySpec& spec, const RetryAnswer& answer, const RetryFacts& facts,
                                   Random& random) {
  Asked asks = asked(answer);
  if (!asks.understood) return std::nullopt;
  return std::max(asks.wait, retry_backoff(&spec, facts, random));
}
}  // namespace heddle
