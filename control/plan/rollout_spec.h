// RolloutSpec: how a change is to be rolled out: in which stages, how long each is watched, and how much worse it may
// be than what was there (docs/rollouts.md). Pure.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
// Shares and rates in hundredths of a percent: exact as text, on every machine.
using BasisPoints = uint32_t;
inline constexpr BasisPoints kFullShare = 10'000;

// Who gets the change in this stage, besides those of the stages before: a share of all sidecars, or those with all of
// these labels: node (its name), namespace and serviceaccount (of its identity).
struct RolloutStage {
  BasisPoints share = 0;  // 0: by labels
  std::vector<std::pair<std::string, std::string>> labels{};
  bool is_whole() const noexcept { return share == kFullShare; }
  std::string text() const;  // "1%", "node=web-1", "namespace=shop+serviceaccount=cart"
  bool operator==(const RolloutStage&) const = default;
};
Result<RolloutStage> parse_stage(std::string_view);

// "1%", "+0.5%", "100%"; at most `most`.
Result<BasisPoints> parse_percent(std::string_view, BasisPoints most);
std::string percent_text(BasisPoints);

struct RolloutSpec {
  static constexpr size_t kMaxStages = 10;
  static constexpr Duration kMinWatch = 1s;
  static constexpr Duration kMaxWatch = 24h;
  static constexpr uint64_t kMaxMinRequests = 1'000'000;
  static constexpr BasisPoints kMaxLatencyIncrease = 100 * kFullShare;

  std::vector<RolloutStage> stages;  // the last one: everybody
  Duration watch = 30s;
  BasisPoints max_error_increase = 100;               // of requests, in points
  BasisPoints max_reject_increase = 100;              // the same
  std::optional<BasisPoints> max_latency_increase{};  // of the mean; nothing: latency is not judged
  uint64_t min_requests = 100;                        // of those with the change, before anything is judged
  bool operator==(const RolloutSpec&) const = default;
};

// {"stages":["1%","100%"],"watch":"30s","maxErrorRate":"+1%","maxRejectRate":"+1%","maxLatency":"+20%",
// "minRequests":100}; all but stages optional. Reads these fields of the object and no other; problems go to its list.
RolloutSpec read_rollout_spec(JsonObject&);
// The same fields, into an object that is open.
void write_rollout_spec(JsonWriter&, const RolloutSpec&);
}  // namespace heddle
