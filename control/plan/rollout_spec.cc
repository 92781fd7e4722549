#include "control/plan/rollout_spec.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kLabels[] = {"node", "namespace", "serviceaccount"};
constexpr size_t kMaxStageText = 512;

Error bad(std::string why) { return make_error(Reason::kBadRequest, std::move(why), Origin::kDownstream); }

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return bad(str_cat(in_quotes(text), ": expected a share as 10%, or label=value"));
  }
  std::string_view name = text.substr(0, equals);
  if (std::find(std::begin(kLabels), std::end(kLabels), name) == std::end(kLabels)) {
    return bad(str_cat(in_quotes(name), ": a sidecar has the labels node, namespace and serviceaccount"));
  }
  return std::pair(std::string(name), std::string(text.substr(equals + 1)));
}

// Of the digits behind the point, as hundredths: "5" is 50.
std::optional<uint32_t> hundredths_of(std::string_view digits) {
  if (digits.empty() || digits.size() > 2) return std::nullopt;
  auto value = parse_int<uint8_t>(digits);
  if (!value) return std::nullopt;
  return digits.size() == 1 ? *value * 10U : *value;
}

void read_stages(JsonObject& object, RolloutSpec& out) {
  BasisPoints last = 0;
  for (const JsonReader& element : object.array("stages", {2, RolloutSpec::kMaxStages})) {
    std::optional<std::string_view> text = element.string({1, kMaxStageText});
    if (!text) continue;
    Result<RolloutStage> stage = parse_stage(*text);
    if (!stage) {
      element.problem(stage.error().detail);
      continue;
    }
    bool falls = stage->share != 0 && stage->share <= last;
    if (falls || last == kFullShare) element.problem("expected a larger share than that of the stage before");
    if (stage->share != 0) last = stage->share;
    out.stages.push_back(*std::move(stage));
  }
  if (!out.stages.empty() && !out.stages.back().is_whole()) object.problem("stages", "the last one must be 100%");
}

std::optional<BasisPoints> read_increase(JsonObject& object, std::string_view field, BasisPoints most) {
  std::optional<std::string> text = object.optional_string(field, {1, 32});
  if (!text) return std::nullopt;
  Result<BasisPoints> value = parse_percent(*text, most);
  if (value) return *value;
  object.problem(field, value.error().detail);
  return std::nullopt;
}
}  // namespace

std::string percent_text(BasisPoints value) {
  std::string out = std::to_string(value / 100);
  if (uint32_t rest = value % 100; rest != 0) {
    out.append(rest < 10 ? ".0" : ".").append(std::to_string(rest % 10 == 0 ? rest / 10 : rest));
  }
  return out.append("%");
}

Result<BasisPoints> parse_percent(std::string_view text, BasisPoints most) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  Error wrong = bad(
      str_cat("expected a percentage up to ", percent_text(most), " as \"1%\" or \"0.25%\"; got ", in_quotes(text)));
  if (!digits.ends_with('%')) return wrong;
  digits.remove_suffix(1);
  size_t point = digits.find('.');
  auto whole = parse_int<uint32_t>(digits.substr(0, point));
  auto rest = point == std::string_view::npos ? std::optional(0U) : hundredths_of(digits.substr(point + 1));
  if (!whole || !rest || *whole > most / 100 || *whole * 100 + *rest > most) return wrong;
  return *whole * 100 + *rest;
}

Result<RolloutStage> parse_stage(std::string_view text) {
  RolloutStage out;
  if (text.ends_with('%')) {
    HEDDLE_TRY(out.share, parse_percent(text, kFullShare));
    if (out.share == 0) return bad("a stage of 0% is none");
    return out;
  }
  for (std::string_view part : split(text, '+')) {
    HEDDLE_TRY(auto label, parse_label(part));
    out.labels.push_back(std::move(label));
  }
  return out;
}

std::string RolloutStage::text() const {
  if (share != 0) return percent_text(share);
  std::vector<std::string> parts;
  for (const auto& [name, value] : labels) parts.push_back(str_cat(name, "=", value));
  return join(parts, "+");
}

RolloutSpec read_rollout_spec(JsonObject& object) {
  RolloutSpec out;
  read_stages(object, out);
  if (auto watch = object.optional_duration("watch", {RolloutSpec::kMinWatch, RolloutSpec::kMaxWatch})) {
    out.watch = *watch;
  }
  if (auto errors = read_increase(object, "maxErrorRate", kFullShare)) out.max_error_increase = *errors;
  if (auto rejects = read_increase(object, "maxRejectRate", kFullShare)) out.max_reject_increase = *rejects;
  out.max_latency_increase = read_increase(object, "maxLatency", RolloutSpec::kMaxLatencyIncrease);
  int64_t most = static_cast<int64_t>(RolloutSpec::kMaxMinRequests);
  if (auto least = object.optional_integer("minRequests", {0, most})) out.min_requests = static_cast<uint64_t>(*least);
  return out;
}

void write_rollout_spec(JsonWriter& out, const RolloutSpec& spec) {
  out.key("stages").begin_array();
  for (const RolloutStage& stage : spec.stages) out.string(stage.text());
  out.end_array();
  out.field("watch", format_duration(spec.watch)).field("maxErrorRate", percent_text(spec.max_error_increase));
  out.field("maxRejectRate", percent_text(spec.max_reject_increase));
  if (spec.max_latency_increase) out.field("maxLatency", percent_text(*spec.max_latency_increase));
  out.field("minRequests", spec.min_requests);
}
}  // namespace heddle
