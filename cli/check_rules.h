// What `heddle check` makes of the answers of the control plane: findings, each OK, WARN or FAIL, with what to do about
// it. Reads leniently: what is not said is not judged. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
enum class Verdict : uint8_t { kOk, kWarn, kFail };

struct Finding {
  std::string check;  // "clock"
  Verdict verdict = Verdict::kOk;
  std::string text;
  std::string hint{};  // of what is not OK
  bool operator==(const Finding&) const = default;
};

// An answer, or why there is none.
struct CheckAnswer {
  std::optional<JsonValue> document{};
  std::string problem{};
};

struct CheckFacts {
  CheckAnswer status;
  CheckAnswer ca;
  CheckAnswer federation;
  WallTime asked{};  // this machine's clock, before and after the status was asked for
  WallTime answered{};
  Duration took{};
};

inline constexpr Duration kSlowAnswer = 1s;   // above: WARN
inline constexpr Duration kClockWarn = 2s;    // beyond what the answer's time explains
inline constexpr Duration kClockFail = 60s;   // certificates that were just made are not valid yet
inline constexpr Duration kSvidWarn = 5min;   // left of a certificate that should have been renewed
inline constexpr Duration kBehindWarn = 10s;  // since a sidecar is behind
inline constexpr Duration kBehindFail = 60s;
inline constexpr int64_t kRootWarnPercent = 10;    // left of its lifetime,
inline constexpr Duration kRootWarn = 14 * 24h;    // if that is less than this
inline constexpr size_t kMaxFindingsOfAKind = 20;  // sidecars are named; the rest of them is counted

std::vector<Finding> check_findings(const CheckFacts&);
Verdict worst_of(const std::vector<Finding>&) noexcept;
std::string_view to_text(Verdict) noexcept;  // "OK", "WARN", "FAIL"

// The table, below it a hint for whatever is not OK, and how many there are.
std::string findings_text(const std::vector<Finding>&, UseColor);
JsonValue findings_json(const std::vector<Finding>&);
}  // namespace heddle
