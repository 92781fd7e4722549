// Whether a try that ended is followed by another, and after how long. Pure: no clock, no connection. Where it is safe:
// a request that may have reached an application is repeated only if its method is idempotent (RFC 9110 §9.2.2), or its
// author says that it may be. Asked by the outbound Exchange alone, so that there is one hop of a mesh at most that
// repeats.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/config/retry_spec.h"

namespace heddle {
// What became of a request so far.
struct RetryFacts {
  size_t tries = 1;  // begun, the one that ended included
  bool is_idempotent = false;
  bool maybe_processed = false;  // by some try, the one that ended included
};

// Of an answer: what decides whether it is passed on.
struct RetryAnswer {
  uint16_t status = 0;
  std::optional<unsigned> grpc_status{};          // of a gRPC answer that ends with its head
  std::optional<std::string_view> retry_after{};  // seconds or a date (RFC 9110 §10.2.3)
  std::optional<std::string_view> pushback{};     // grpc-retry-pushback-ms
};

inline constexpr size_t kUnprocessedTries = 3;    // without a RetrySpec, or with one that asks for fewer
inline constexpr Duration kMaxRetryBackoff = 1s;  // of our own; what an endpoint asks for may be longer
inline constexpr Duration kMaxRetryAfter = 10s;   // longer than that is not waited for

// `spec` is null where nothing is configured.
bool may_retry_failure(const RetrySpec* spec, Reason, const RetryFacts&) noexcept;
bool may_retry_answer(const RetrySpec& spec, const RetryAnswer&, const RetryFacts&) noexcept;

// Before the next try: jittered, doubled with each. Nothing to wait for what was never processed by anybody.
Duration retry_backoff(const RetrySpec* spec, const RetryFacts&, Random&);
// The same after an answer, which may ask for longer. Nothing: do not try again (a negative pushback, longer than
// kMaxRetryAfter, not a number).
std::optional<Duration> retry_wait(const RetrySpec& spec, const RetryAnswer&, const RetryFacts&, Random&);
}  // namespace heddle
