#include "control/replicas/peer_key.h"
#include "control/replicas/peer_lines.h"
#include "lib/api/report_wire.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
void write_request(JsonWriter& out, const NodeRequest& request) {
  out.field("scope", request.scope == WatchScope::kWants ? "wants" : "everything").key("wants").begin_array();
  for (const ResourceKey& want : request.wants) out.string(want.text());
  out.end_array();
}

void write_times(JsonWriter& out, const NodeStatus& row) {
  out.field("connected", format_time(row.connected)).field("last_seen", format_time(row.last_seen));
  bool is_late = row.state == NodeState::kBehind || row.state == NodeState::kRefused;
  if (is_late) out.field("behind_since", format_time(row.behind_since));
}

void write_row(JsonWriter& out, const NodeStatus& row) {
  out.key("row").begin_object();
  write_node_key(out, row.key);
  out.field("state", to_text(row.state)).field("address", row.address).field("serial", row.serial);
  out.field("software", row.software).key("features").begin_array();
  for (const std::string& feature : row.features) out.string(feature);
  out.end_array();
  if (row.acked) out.field("acked", row.acked->text());
  if (row.runs && row.state != NodeState::kLive) out.field("runs", row.runs->text());
  if (row.is_connected && row.request != nullptr) write_request(out, *row.request);
  write_times(out, row);
  out.field("affected", row.is_affected);
  if (row.nack) write_nack(out.key("nack"), *row.nack);
  if (row.report != WatchReport{}) write_report(out.key("report"), row.report);
  if (row.trust) write_trust_in_use(out.key("trust"), *row.trust);
  out.end_object();
}

void write(JsonWriter& out, const PeerHello& m) {
  out.key("hello").begin_object().field("protocol", m.protocol).field("name", m.name);
  out.field("software", m.software).end_object();
}
void write(JsonWriter& out, const PeerRow& m) { write_row(out, m.status); }
void write(JsonWriter& out, const PeerGone& m) {
  out.key("gone").begin_object();
  write_node_key(out, m.key);
  out.end_object();
}
void write(JsonWriter& out, const PeerNewest& m) {
  out.key("newest").begin_object().field("version", m.version.text()).end_object();
}
void write(JsonWriter& out, const PeerTrust& m) {
  out.key("trust").begin_object().field("bundle", m.bundle).field("authority", m.authority).end_object();
}
void write(JsonWriter& out, const PeerHeartbeat&) { out.key("heartbeat").begin_object().end_object(); }
void write(JsonWriter& out, const PeerIgnored& m) {
  out.key(m.type).begin_object().end_object().field("ignorable", true);
}
}  // namespace

std::string encode(const PeerMessage& message) {
  std::string line;
  JsonWriter out(line);
  out.begin_object();
  std::visit([&out](const auto& m) { write(out, m); }, message);
  out.end_object();
  return line;
}

std::string encode_row(const NodeStatus& row) {
  std::string line;
  JsonWriter out(line);
  out.begin_object();
  write_row(out, row);
  out.end_object();
  return line;
}
}  // namespace heddle
