#include "control/api/status_view.h"

#include <set>

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
void write_version(JsonWriter& out, std::string_view name, const std::optional<Version>& version) {
  out.key(name);
  if (version) {
    out.string(version->text());
  } else {
    out.null();
  }
}

// Of another epoch nothing is known but that all of this one is missing.
uint64_t lag_versions(const NodeStatus& row, Version newest) {
  if (!row.runs || row.runs->epoch != newest.epoch) return newest.sequence;
  return newest.sequence > row.runs->sequence ? newest.sequence - row.runs->sequence : 0;
}

double lag_seconds(const NodeStatus& row, WallTime now) {
  std::optional<WallTime> since;
  if (row.state == NodeState::kBehind || row.state == NodeState::kRefused) since = row.behind_since;
  if (row.state == NodeState::kSyncing) since = row.connected;
  if (!row.is_connected) since = row.last_seen;
  if (!since) return 0;
  return std::max(0.0, std::chrono::duration<double>(now - *since).count());
}

void write_nack(JsonWriter& out, const std::optional<WatchNack>& nack) {
  out.key("nack");
  if (!nack) {
    out.null();
    return;
  }
  out.begin_object().field("version", nack->version.text()).key("errors").begin_array();
  for (const WatchNackError& error : nack->errors) {
    out.begin_object().field("resource", error.resource).field("path", error.path);
    out.field("message", error.message).end_object();
  }
  out.end_array().end_object();
}

void write_row(JsonWriter& out, const NodeStatus& row, Version newest, WallTime now) {
  out.begin_object().field("node", row.key.node).field("instance", row.key.instance);
  out.field("identity", row.key.identity).field("address", row.address);
  out.field("connected", row.is_connected).field("state", to_text(row.state));
  write_version(out, "version", row.acked);
  write_version(out, "runsVersion", row.runs);
  out.field("lag_versions", lag_versions(row, newest)).field("lag_seconds", lag_seconds(row, now));
  write_nack(out, row.nack);
  out.key("svidNotAfter");
  row.svid_not_after ? out.string(format_time(*row.svid_not_after)) : out.null();
  out.field("software", row.software).field("lastSeen", format_time(row.last_seen)).end_object();
}
// Of several certificates of one sidecar the newest counts.
std::map<NodeKey, WallTime> newest_of(const std::vector<Lineage>& lineages) {
  std::map<NodeKey, WallTime> newest;
  for (const Lineage& lineage : lineages) {
    WallTime& not_after = newest[{lineage.identity, lineage.node}];
    not_after = std::max(not_after, lineage.not_after);
  }
  return newest;
}

NodeStatus unseen(const NodeKey& key, WallTime not_after) {
  NodeStatus row;
  row.key = key;
  row.state = NodeState::kExpired;
  row.is_connected = false;
  row.svid_not_after = row.last_seen = not_after;
  return row;
}
}  // namespace

std::vector<NodeStatus> join_certificates(std::vector<NodeStatus> rows, const std::vector<Lineage>& lineages,
                                          WallTime now) {
  std::map<NodeKey, WallTime> newest = newest_of(lineages);
  std::set<NodeKey> listed;
  for (NodeStatus& row : rows) {
    auto found = newest.find(row.key.name());
    if (found == newest.end()) continue;
    listed.insert(found->first);
    row.svid_not_after = found->second;
    if (found->second <= now) row.state = NodeState::kExpired;
  }
  for (const auto& [key, not_after] : newest) {
    if (not_after <= now && !listed.contains(key)) rows.push_back(unseen(key, not_after));
  }
  return rows;
}

std::string status_json(Version newest, WallTime now, const std::vector<NodeStatus>& rows) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", newest.text()).field("time", format_time(now));
  out.key("sidecars").begin_array();
  for (const NodeStatus& row : rows) write_row(out, row, newest, now);
  out.end_array().end_object();
  return body;
}
}  // namespace heddle
