#include "cli/status_text.h"

#include "cli/replica_text.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct Counts {
  size_t all = 0;
  size_t connected = 0;
  size_t refused = 0;
  size_t expired = 0;
};

bool is_connected(const JsonValue& sidecar) {
  std::optional<JsonValue> value = sidecar.find("connected");
  return value && value->as_bool().value_or(false);
}

std::optional<JsonValue> nack_of(const JsonValue& sidecar) {
  std::optional<JsonValue> nack = sidecar.find("nack");
  return nack && nack->is_object() ? nack : std::nullopt;
}

int64_t lag_of(const JsonValue& sidecar) {
  std::optional<JsonValue> lag = sidecar.find("lag_versions");
  return lag ? lag->as_integer().value_or(0) : 0;
}

// As the control plane says it; a control plane that does not say it is read from the other fields.
std::string state_name(const JsonValue& sidecar) {
  std::string said = text_at(sidecar, {"state"});
  if (!said.empty()) return said;
  if (!is_connected(sidecar)) return "gone";
  if (nack_of(sidecar)) return "refused";
  if (scalar_at(sidecar, {"version"}).empty()) return "syncing";
  return lag_of(sidecar) > 0 ? "behind" : "live";
}

Cell state_of(const JsonValue& sidecar) {
  std::string name = state_name(sidecar);
  if (name == "live") return {name, Tone::kGood};
  return {name, name == "gone" || name == "refused" || name == "expired" ? Tone::kBad : Tone::kWarn};
}

// "0", or "2 (3s)": versions, and for how long.
std::string lag_text(const JsonValue& sidecar) {
  int64_t lag = lag_of(sidecar);
  std::string versions = std::to_string(lag);
  std::optional<JsonValue> seconds = sidecar.find("lag_seconds");
  if (lag == 0 || !seconds || !seconds->as_number()) return versions;
  return str_cat(versions, " (", format_age(Duration(static_cast<int64_t>(*seconds->as_number() * 1e9))), ")");
}

void append_refusal(std::string& out, const JsonValue& sidecar) {
  std::optional<JsonValue> nack = nack_of(sidecar);
  if (!nack) return;
  out.append("\n").append(printable(text_at(sidecar, {"node"}))).append(" refused version ");
  out.append(printable(scalar_at(*nack, {"version"}))).append(":\n");
  std::optional<JsonValue> errors = nack->find("errors");
  for (size_t i = 0; errors && i < errors->size(); ++i) {
    out.append(" ");
    for (std::string_view field : {"resource", "path", "message"}) {
      std::string text = text_at(errors->at(i), {field});
      if (!text.empty()) out.append(" ").append(printable(text)).append(field == "message" ? "" : ":");
    }
    out.append("\n");
  }
}

// What to do about it; the identity is in the row.
void append_expiry(std::string& out, const JsonValue& sidecar) {
  if (state_name(sidecar) != "expired") return;
  std::string identity = printable(text_at(sidecar, {"identity"}));
  out.append("\nThe certificate of ").append(printable(text_at(sidecar, {"node"}))).append(" (").append(identity);
  out.append(") expired at ").append(printable(scalar_at(sidecar, {"svidNotAfter"})));
  out.append(".\n  If it still runs, give it a new join token: heddle token create --id ")
      .append(identity)
      .append("\n");
}

std::string summary(const JsonValue& status, const Counts& counts) {
  std::string out = str_cat("version ", printable(scalar_at(status, {"version"})), ", ", std::to_string(counts.all),
                            counts.all == 1 ? " sidecar" : " sidecars");
  if (counts.connected != counts.all) out.append(", ").append(std::to_string(counts.connected)).append(" connected");
  if (counts.refused != 0) out.append(", ").append(std::to_string(counts.refused)).append(" refused");
  if (counts.expired != 0) out.append(", ").append(std::to_string(counts.expired)).append(" expired");
  if (std::string kind = text_at(status, {"store", "kind"}); kind == "etcd") out.append(", store in etcd");
  return out + "\n";
}

// Only where there are several.
bool has_replicas(const std::optional<JsonValue>& sidecars) {
  for (size_t i = 0; sidecars && i < sidecars->size(); ++i) {
    if (!text_at(sidecars->at(i), {"replica"}).empty()) return true;
  }
  return false;
}

std::vector<Cell> row_of(const JsonValue& sidecar, WallTime now, bool has_replica) {
  std::vector<Cell> cells{
      text_at(sidecar, {"node"}),      text_at(sidecar, {"identity"}),      state_of(sidecar),
      scalar_at(sidecar, {"version"}), scalar_at(sidecar, {"runsVersion"}), lag_text(sidecar),
      text_at(sidecar, {"address"}),   scalar_at(sidecar, {"software"}),    age_at(sidecar, {"lastSeen"}, now)};
  if (has_replica) cells.push_back(text_at(sidecar, {"replica"}));
  return cells;
}
}  // namespace

std::string status_text(const JsonValue& status, WallTime now, UseColor color) {
  Counts counts;
  std::string remarks;
  std::optional<JsonValue> sidecars = status.find("sidecars");
  bool has_replica = has_replicas(sidecars);
  std::vector<std::string> heads{"NODE", "IDENTITY", "STATE", "ACKED", "RUNS", "LAG", "ADDRESS", "SOFTWARE", "SEEN"};
  if (has_replica) heads.emplace_back("REPLICA");
  Table table(std::move(heads));
  for (size_t i = 0; sidecars && i < sidecars->size(); ++i) {
    JsonValue sidecar = sidecars->at(i);
    ++counts.all;
    if (is_connected(sidecar)) ++counts.connected;
    if (nack_of(sidecar)) ++counts.refused;
    if (state_name(sidecar) == "expired") ++counts.expired;
    table.add(row_of(sidecar, now, has_replica));
    append_refusal(remarks, sidecar);
    append_expiry(remarks, sidecar);
  }
  std::string replicas = replicas_text(status, now, color);
  if (!replicas.empty()) replicas += "\n";
  if (counts.all == 0) return str_cat(replicas, summary(status, counts));
  return str_cat(replicas, table.text(color), remarks, "\n", summary(status, counts));
}
}  // namespace heddle
