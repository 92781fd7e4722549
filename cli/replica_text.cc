#include "cli/replica_text.h"

#include <algorithm>

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kStore = "store";
constexpr std::string_view kReplicas = "control planes";

bool is_false(const JsonValue& document, JsonValue::Path path) { return scalar_at(document, path) == "false"; }

std::vector<JsonValue> others_in(const JsonValue& status) {
  std::vector<JsonValue> out;
  std::optional<JsonValue> list = status.find("replicas");
  for (size_t i = 0; list && list->is_array() && i < list->size(); ++i) out.push_back(list->at(i));
  return out;
}

// "ca, rollout"
std::string tasks_of(const JsonValue& status, const std::string& name) {
  std::vector<std::string> out;
  for (std::string_view task : {"ca", "rollout"}) {
    if (!name.empty() && text_at(status, {"leaders", task}) == name) out.emplace_back(task);
  }
  return join(out, ", ");
}

// Of the sidecars that may be seen.
size_t connected_to(const JsonValue& status, const std::string& name) {
  std::optional<JsonValue> list = status.find("sidecars");
  size_t out = 0;
  for (size_t i = 0; list && i < list->size(); ++i) {
    JsonValue sidecar = list->at(i);
    out += scalar_at(sidecar, {"connected"}) == "true" && text_at(sidecar, {"replica"}) == name;
  }
  return out;
}

// "for 5m", empty where the moment is not said.
std::string span_text(std::string_view before, const JsonValue& document, JsonValue::Path path, WallTime now) {
  std::string age = age_at(document, path, now);
  return age.empty() ? "" : str_cat(before, age);
}

std::string store_line(const JsonValue& status, WallTime now) {
  if (!is_false(status, {"store", "current"})) return "";
  return str_cat("The store is not current", span_text(", for ", status, {"store", "since"}, now), ": ",
                 printable(text_at(status, {"store", "problem"})),
                 ".\n  What is shown may be old, and nothing can be changed; sidecars go on with what they have.\n");
}

std::vector<Cell> row_of(const JsonValue& status, const JsonValue& other, WallTime now) {
  bool is_heard = !is_false(other, {"heard"});
  std::string name = text_at(other, {"name"});
  return {name,
          is_heard ? Cell{"heard", Tone::kGood} : Cell{"silent", Tone::kBad},
          age_at(other, {"since"}, now),
          scalar_at(other, {"version"}),
          scalar_at(other, {"connected"}),
          tasks_of(status, name)};
}
}  // namespace

std::string replicas_text(const JsonValue& status, WallTime now, UseColor color) {
  std::string out = store_line(status, now);
  std::vector<JsonValue> others = others_in(status);
  if (others.empty()) return out;
  Table table({"REPLICA", "STATE", "SINCE", "VERSION", "SIDECARS", "LEADS"});
  std::string self = text_at(status, {"replica"});
  table.add({self, Cell{"this", Tone::kGood}, "", scalar_at(status, {"version"}),
             std::to_string(connected_to(status, self)), tasks_of(status, self)});
  for (const JsonValue& other : others) table.add(row_of(status, other, now));
  return str_cat(out, out.empty() ? "" : "\n", table.text(color));
}

std::vector<Finding> store_findings(const JsonValue& status, WallTime now) {
  std::vector<Finding> out;
  if (!status.find("store")) return out;
  if (is_false(status, {"store", "current"})) {
    out.push_back({std::string(kStore), Verdict::kFail,
                   str_cat("is not current", span_text(" for ", status, {"store", "since"}, now), ": ",
                           text_at(status, {"store", "problem"})),
                   "nothing can be changed until a majority of etcd's members answers: see `etcdctl endpoint status`"});
  } else {
    out.push_back({std::string(kStore), Verdict::kOk, str_cat(text_at(status, {"store", "kind"}), ", current")});
  }
  std::vector<JsonValue> others = others_in(status);
  for (const JsonValue& other : others) {
    if (!is_false(other, {"heard"})) continue;
    out.push_back({std::string(kReplicas), Verdict::kFail,
                   str_cat(text_at(other, {"name"}), " is not heard by ", text_at(status, {"replica"}),
                           span_text(" for ", other, {"since"}, now)),
                   "what its sidecars run is not known: is its --replica-address reachable from this one?"});
  }
  bool all_heard = std::ranges::none_of(others, [](const JsonValue& other) { return is_false(other, {"heard"}); });
  if (!others.empty() && all_heard) {
    out.push_back({std::string(kReplicas), Verdict::kOk, str_cat(std::to_string(others.size() + 1), ", all heard")});
  }
  return out;
}
}  // namespace heddle
