// How the copy of a request that a RequestMirror sent ended, as heddle_mirrored_requests_total has it.
#pragma once
#include <cstdint>
#include <string_view>

namespace heddle {
enum class MirrorOutcome : uint8_t {
  kAnswered,   // completely, whatever the status
  kFailed,     // no connection, a reset, a close
  kNoHealthy,  // nobody to send it to
  kRefused,    // by a limit of the backend set
  kSlow,       // it did not keep up with the body
  kTimeout,    // nothing moved, or the answer took too long after the request was over
  kCancelled,  // the request itself broke off
};
inline constexpr size_t kMirrorOutcomes = 7;
constexpr std::string_view to_text(MirrorOutcome outcome) noexcept {
  constexpr std::string_view kNames[kMirrorOutcomes] = {
      "answered", "failed", "no-healthy-endpoint", "refused", "slow", "timeout", "cancelled"};
  return kNames[static_cast<size_t>(outcome)];
}
}  // namespace heddle
