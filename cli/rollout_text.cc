#include "cli/rollout_text.h"

#include <cstdio>

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string fixed(std::optional<JsonValue> value, double factor, std::string_view unit) {
  std::optional<double> number = value ? value->as_number() : std::nullopt;
  if (!number) return "-";
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", *number * factor);
  return str_cat(text, unit);
}

std::string stage_of(const JsonValue& rollout) {
  std::optional<JsonValue> stages = rollout.find("stages");
  std::vector<std::string> all;
  for (size_t i = 0; stages && i < stages->size(); ++i) {
    std::string text(stages->at(i).as_string().value_or("?"));
    bool is_now = std::to_string(i + 1) == scalar_at(rollout, {"stage"});
    all.push_back(is_now ? str_cat("[", text, "]") : text);
  }
  return printable(join(all, " "));
}

bool is_running(std::string_view phase) {
  return phase == "pending" || phase == "watching" || phase == "paused" || phase == "committing";
}

Tone tone_of(std::string_view phase) {
  if (phase == "promoted") return Tone::kGood;
  if (phase == "rolled-back") return Tone::kBad;
  return phase == "paused" || phase == "aborted" ? Tone::kWarn : Tone::kPlain;
}

// One line for each direction of those with the change, of the others, and of the first before it.
void add_side(Table& table, const JsonValue& rollout, std::string_view side, std::string_view shown) {
  for (std::string_view direction : {"outbound", "inbound"}) {
    std::optional<JsonValue> counts = rollout.find({side, direction});
    if (!counts) continue;
    table.add({shown, scalar_at(rollout, {side, "sidecars"}), direction, scalar_at(*counts, {"requests"}),
               fixed(counts->find("errorRate"), 100, "%"), fixed(counts->find("rejectRate"), 100, "%"),
               fixed(counts->find("meanMs"), 1, "ms"), fixed(counts->find("p50Ms"), 1, "ms")});
  }
}

std::string line(std::string_view name, std::string_view text) {
  return text.empty() ? std::string() : str_cat(name, std::string(11 - name.size(), ' '), printable(text), "\n");
}

std::string joined(const JsonValue& rollout, std::string_view field) {
  std::vector<std::string> out;
  std::optional<JsonValue> list = rollout.find(field);
  for (size_t i = 0; list && i < list->size(); ++i) out.emplace_back(list->at(i).as_string().value_or("?"));
  return join(out, ", ");
}
}  // namespace

std::string rollout_text(const JsonValue& answer, WallTime now, UseColor color) {
  std::optional<JsonValue> rollout = answer.find("rollout");
  if (!rollout || !rollout->is_object()) return "no rollout\n";
  std::string phase = text_at(*rollout, {"phase"});
  Table head({"STAGE", "PHASE", "WATCHED", "SIDECARS", "RUNNING", "REPORTING", "AGE"});
  auto or_dash = [&](JsonValue::Path path) {
    std::string text = scalar_at(*rollout, path);
    return text.empty() ? std::string("-") : text;
  };
  head.add({stage_of(*rollout), Cell(phase, tone_of(phase)), or_dash({"watched"}), or_dash({"new", "sidecars"}),
            or_dash({"running"}), or_dash({"reporting"}), age_at(*rollout, {"started"}, now)});
  std::string out = head.text(color);
  if (is_running(phase)) {
    Table table({"WHO", "SIDECARS", "DIRECTION", "REQUESTS", "ERRORS", "REJECTS", "MEAN", "P50"});
    add_side(table, *rollout, "new", "with the change");
    add_side(table, *rollout, "old", "without");
    add_side(table, *rollout, "before", "before");
    out += str_cat("\n", table.text(color));
  }
  std::string verdict = text_at(*rollout, {"verdict"});
  std::string reason = text_at(*rollout, {"reason"});
  bool is_elsewhere = scalar_at(*rollout, {"judgedHere"}) == "false";
  out += str_cat("\n", line("changes:", joined(*rollout, "resources")), line("verdict:", verdict),
                 line("reason:", reason == verdict ? "" : reason), line("version:", text_at(*rollout, {"version"})),
                 line("judged by:", is_elsewhere ? "another control plane, which leads; this one only looks" : ""));
  return out;
}
}  // namespace heddle
