// Hedging: whether a second try is sent beside one that has no answer yet, and which answer ends the race. Pure: no
// clock, no connection. Asked by the outbound Exchange (exchange_hedge.cc) where a TrafficPolicy says `hedge`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/config/hedge_spec.h"
#include "proxy/resilience/retry_policy.h"

namespace heddle {
inline constexpr size_t kMaxHedges = 1;  // of a request: one at most is under way beside the first

// What became of a request when `after` has passed.
struct HedgeFacts {
  bool is_idempotent = false;
  bool is_upgrade = false;   // two tunnels are not two tries
  bool has_session = false;  // another endpoint's answer would move it
  bool is_under_way = true;  // a try is; false between two of them
  bool is_answered = false;  // a head came, if only a 1xx
  bool has_ended = true;     // all of the request is here
  bool is_kept = true;       // none of it was dropped: it can be sent once more
  size_t tries = 1;          // begun
  size_t endpoints = 0;      // of the backend set
};

enum class HedgeStep : uint8_t { kSend, kWait, kNever };  // kWait: look again after `after`
HedgeStep hedge_step(const HedgeSpec&, const HedgeFacts&) noexcept;

// Whether an answer is passed on though another try is under way. `spec` is null where nothing is configured: then
// what says that the endpoint could not serve it (502, 503, 504) does not.
bool ends_race(const RetrySpec* spec, const RetryAnswer&) noexcept;

// What became of a hedge: the label of heddle_hedges_total.
enum class HedgeResult : uint8_t {
  kWon,        // its answer came first
  kLost,       // the other's did
  kTookOver,   // the other failed meanwhile, and it went on
  kFailed,     // it failed, and the other went on
  kCancelled,  // the request ended otherwise
};
std::string_view to_text(HedgeResult) noexcept;  // "took-over"
}  // namespace heddle
