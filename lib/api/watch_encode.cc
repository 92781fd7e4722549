#include "lib/api/fact_wire.h"
#include "lib/api/release_wire.h"
#include "lib/api/report_wire.h"
#include "lib/api/watch_messages.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
int64_t milliseconds(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

void write_keys(JsonWriter& out, std::string_view name, const std::vector<ResourceKey>& keys) {
  out.key(name).begin_array();
  for (const ResourceKey& key : keys) out.string(key.text());
  out.end_array();
}

void write_addresses(JsonWriter& out, std::string_view name, const std::vector<Address>& addresses) {
  out.key(name).begin_array();
  for (const Address& address : addresses) out.string(address.text());
  out.end_array();
}

void write(JsonWriter& out, const WatchHello& m) {
  out.key("hello").begin_object();
  out.field("schema", m.schema).field("node", m.node).field("software", m.software);
  out.key("features").begin_array();
  for (const std::string& feature : m.features) out.string(feature);
  out.end_array();
  out.field("scope", m.scope == WatchScope::kWants ? "wants" : "everything");
  if (m.version) out.field("version", m.version->text()).field("hash", m.hash);
  write_keys(out, "wants", m.wants);
  if (!m.instance.empty()) {
    out.field("instance", m.instance).key("ignorable").begin_array().string("instance").end_array();
  }
  out.end_object();
}

void write(JsonWriter& out, const WatchWant& m) {
  out.key("want").begin_object();
  write_keys(out, "add", m.add);
  write_keys(out, "drop", m.drop);
  if (!m.addresses.empty()) write_addresses(out, "addresses", m.addresses);
  out.end_object();
}

void write(JsonWriter& out, const WatchAck& m) {
  out.key("ack").begin_object().field("version", m.version.text()).end_object();
}

void write(JsonWriter& out, const WatchNack& m) { write_nack(out.key("nack"), m); }
void write(JsonWriter& out, const WatchReport& m) { write_report(out.key("report"), m); }
void write(JsonWriter& out, const WatchTrustInUse& m) { write_trust_in_use(out.key("trust"), m); }

void write(JsonWriter& out, const WatchFacts& m) {
  out.key("facts").begin_object().field("id", m.id);
  write_facts(out.key("facts"), m.facts);
  out.field("seen", m.seen).field("last", m.last).end_object();
}

void write(JsonWriter& out, const WatchBegin& m) {
  out.key("begin").begin_object().field("kind", m.kind == BatchKind::kSnapshot ? "snapshot" : "delta");
  if (m.from) out.field("from", m.from->text());
  out.field("to", m.to.text()).end_object();
}

void write(JsonWriter& out, const WatchPut& m) { out.field("put", m.key.text()).key("resource").raw(m.resource); }

void write(JsonWriter& out, const WatchDelete& m) { out.field("delete", m.key.text()); }

void write(JsonWriter& out, const WatchEnd& m) {
  out.key("end").begin_object().field("version", m.version.text()).field("hash", m.hash).end_object();
}

void write(JsonWriter& out, const WatchHeartbeat& m) {
  out.key("heartbeat").begin_object().field("version", m.version.text()).field("time", format_time(m.time));
  if (m.runs) out.field("runs", m.runs->text());
  out.end_object();
}

void write(JsonWriter& out, const WatchRetryAfter& m) {
  out.key("retry_after").begin_object().field("ms", milliseconds(m.after)).end_object();
}

void write(JsonWriter& out, const WatchDrain&) { out.key("drain").begin_object().end_object(); }

void write(JsonWriter& out, const WatchUnknown& m) {
  out.key("unknown").begin_object();
  write_keys(out, "services", m.services);
  out.end_object();
}

void write(JsonWriter& out, const WatchAddresses& m) {
  out.key("addresses").begin_object().key("services").begin_array();
  for (const WatchAddresses::Owned& owned : m.services) {
    out.begin_object().field("address", owned.address.text()).field("service", owned.service.text()).end_object();
  }
  out.end_array();
  write_addresses(out, "unknown", m.unknown);
  out.end_object();
}

void write(JsonWriter& out, const WatchTrust& m) {
  out.key("trust").begin_object().field("signer", m.signer).field("renew_within_ms", milliseconds(m.renew_within));
  out.key("bundle").raw(m.bundle);
  if (!m.federated.empty()) {
    write_federated(out, m.federated);
    out.key("ignorable").begin_array().string("federated").end_array();
  }
  out.end_object();
}

void write(JsonWriter& out, const WatchFactsRequest& m) {
  out.key("facts_request").begin_object().field("id", m.id).field("most", m.most).end_object();
}

void write(JsonWriter& out, const WatchDraining& m) {
  write_draining(out.key("draining"), m);
  out.field("ignorable", true);
}

void write(JsonWriter& out, const WatchRelease& m) { write_release(out.key("release"), m); }

void write(JsonWriter& out, const WatchIgnored& m) {
  out.key(m.type).begin_object().end_object().field("ignorable", true);
}

template <class Message>
std::string encode_any(const Message& message) {
  std::string line;
  JsonWriter out(line);
  out.begin_object();
  std::visit([&out](const auto& m) { write(out, m); }, message);
  out.end_object();
  line.push_back('\n');
  return line;
}
}  // namespace

std::string encode(const SidecarMessage& message) { return encode_any(message); }
std::string encode(const ControlMessage& message) { return encode_any(message); }

std::vector<WatchFacts> split_facts(uint64_t id, std::vector<RequestFact> facts, uint64_t seen) {
  constexpr size_t kEnough = kMaxSidecarLine / 4;  // and one more fact, of a few KiB (proxy/telemetry/fact_ring.h)
  std::vector<WatchFacts> parts(1);
  std::string text;
  for (RequestFact& fact : facts) {
    if (parts.back().facts.size() == kMaxLineFacts || text.size() > kEnough) {
      parts.emplace_back();
      text.clear();
    }
    JsonWriter out(text);
    write_fact(out, fact);
    parts.back().facts.push_back(std::move(fact));
  }
  for (WatchFacts& part : parts) part.id = id;
  parts.back().seen = seen;
  parts.back().last = true;
  return parts;
}

// Keys hold no character that JSON escapes (ResourceKey::make).
std::string encode_put(std::string_view key, std::string_view resource) {
  return str_cat("{\"put\":\"", key, "\",\"resource\":", resource, "}\n");
}
}  // namespace heddle
