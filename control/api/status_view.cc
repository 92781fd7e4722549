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

void write_report(JsonWriter& out, const WatchReport& report) {
  out.key("clockAheadMs");
  report.clock_ahead ? out.integer(*report.clock_ahead / 1ms) : out.null();
  out.key("backendsDown").begin_array();
  for (const BackendTrouble& trouble : report.backends) {
    out.begin_object()
        .field("backendSet", trouble.set)
        .field("up", trouble.up)
        .field("down", trouble.down)
        .end_object();
  }
  out.end_array();
}

void write_row(JsonWriter& out, const NodeStatus& row, Version newest, WallTime now) {
  out.begin_object().field("node", row.key.node).field("instance", row.key.instance);
  out.field("identity", row.key.identity).field("address", row.address);
  out.field("connected", row.is_connected).field("state", to_text(row.state));
  write_version(out, "version", row.acked);
  write_version(out, "runsVersion", row.runs);
  out.field("lag_versions", lag_versions(row, newest)).field("lag_seconds", lag_seconds(row, now));
  write_nack(out, row.nack);
  write_report(out, row.report);
  out.key("svidNotAfter");
  row.svid_not_after ? out.string(format_time(*row.svid_not_after)) : out.null();
  if (!row.replica.empty()) out.field("replica", row.replica);
  out.field("software", row.software).field("lastSeen", format_time(row.last_seen)).end_object();
}

void write_store(JsonWriter& out, Version newest, const ControlSight& sight) {
  bool is_current = !sight.health || sight.health->is_current;
  out.key("store").begin_object().field("kind", sight.store).field("version", newest.text());
  out.field("current", is_current).key("since");
  is_current ? out.null() : out.string(format_time(sight.health->since));
  out.field("problem", is_current ? "" : std::string_view(sight.health->problem)).end_object();
}

void write_control_planes(JsonWriter& out, const ControlSight& sight) {
  out.field("replica", sight.replica).key("leaders").begin_object();
  out.field("ca", sight.ca_leader).field("rollout", sight.rollout_leader).end_object();
  out.key("replicas").begin_array();
  for (const ReplicaSight& other : sight.others) {
    out.begin_object().field("name", other.name).field("heard", other.is_heard);
    out.field("since", format_time(other.since)).field("version", other.newest.text());
    out.field("connected", uint64_t{other.connected}).end_object();
  }
  out.end_array();
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

std::string status_json(Version newest, WallTime now, const ControlSight& sight, const std::vector<NodeStatus>& rows) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", newest.text()).field("time", format_time(now));
  write_store(out, newest, sight);
  write_control_planes(out, sight);
  out.key("sidecars").begin_array();
  for (const NodeStatus& row : rows) write_row(out, row, newest, now);
  out.end_array().end_object();
  return body;
}
}  // namespace heddle
