#include <algorithm>

#include "lib/api/canonical_lines.h"
#include "lib/api/fact_wire.h"
#include "lib/api/message_body.h"
#include "lib/api/release_wire.h"
#include "lib/api/report_wire.h"
#include "lib/api/watch_messages.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPutStart = "{\"put\":\"";
constexpr std::string_view kPutMiddle = "\",\"resource\":";
constexpr std::string_view kIgnorable = "ignorable";
constexpr size_t kMaxText = 253;

using Body = MessageBody;

Error bad(std::string detail) { return make_error(Reason::kBadRequest, std::move(detail), Origin::kDownstream); }

WatchHello read_hello(const JsonReader& at) {
  constexpr EnumName<WatchScope> kScopes[] = {{"wants", WatchScope::kWants}, {"everything", WatchScope::kEverything}};
  Body body(at);
  WatchHello m;
  m.schema = static_cast<uint32_t>(body->integer("schema", {1, 1'000'000}));
  m.node = body->string("node", {1, kMaxNodeName});
  m.software = body->string("software", {1, kMaxText});
  for (const JsonReader& feature : body->optional_array("features", {0, kMaxFeatures})) {
    if (auto text = feature.string({1, kMaxText})) m.features.emplace_back(*text);
  }
  m.scope = body->optional_one_of("scope", kScopes).value_or(WatchScope::kWants);
  m.version = body.optional_version("version");
  if (m.version) {
    m.hash = body.hash("hash");
  } else if (body->has("hash")) {
    body->problem("hash", "needs a version");
    body->ignore("hash");
  }
  m.wants = body.services("wants");
  m.instance = body->optional_string("instance", {1, kMaxInstance}).value_or("");
  return m;
}

WatchWant read_want(const JsonReader& at) {
  Body body(at);
  return {body.services("add"), body.services("drop"), body.addresses("addresses")};
}

WatchAck read_ack(const JsonReader& at) { return {Body(at).version("version")}; }

WatchFacts read_facts(const JsonReader& at) {
  Body body(at);
  WatchFacts m;
  m.id = static_cast<uint64_t>(body->integer("id", {0}));
  for (const JsonReader& fact : body->array("facts", {0, kMaxLineFacts})) m.facts.push_back(read_fact(fact));
  m.seen = static_cast<uint64_t>(body->integer("seen", {0}));
  m.last = body->boolean("last");
  return m;
}

WatchFactsRequest read_facts_request(const JsonReader& at) {
  Body body(at);
  return {static_cast<uint64_t>(body->integer("id", {0})),
          static_cast<uint32_t>(body->integer("most", {1, kMaxFacts}))};
}

WatchTrust read_trust(const JsonReader& at) {
  Body body(at);
  WatchTrust m{body.hash("signer"), body.milliseconds("renew_within_ms"), {}, body.federated()};
  if (body->object("bundle").is_object()) m.bundle = body->value().find("bundle")->compact();
  return m;
}

WatchBegin read_begin(const JsonReader& at) {
  constexpr EnumName<BatchKind> kKinds[] = {{"snapshot", BatchKind::kSnapshot}, {"delta", BatchKind::kDelta}};
  Body body(at);
  WatchBegin m;
  if (!body->has("kind")) body->problem("kind", "is missing");
  m.kind = body->optional_one_of("kind", kKinds).value_or(BatchKind::kSnapshot);
  m.from = body.optional_version("from");
  m.to = body.version("to");
  if (m.from.has_value() != (m.kind == BatchKind::kDelta)) body->problem("from", "belongs to a delta, and only there");
  return m;
}

WatchEnd read_end(const JsonReader& at) {
  Body body(at);
  return {body.version("version"), body.hash("hash")};
}

WatchHeartbeat read_heartbeat(const JsonReader& at) {
  Body body(at);
  WatchHeartbeat m;
  m.version = body.version("version");
  Result<WallTime> time = parse_time(body->string("time", {1, kMaxText}));
  if (time) {
    m.time = *time;
  } else {
    body->problem("time", time.error().detail);
  }
  m.runs = body.optional_version("runs");
  return m;
}

WatchRetryAfter read_retry_after(const JsonReader& at) { return {Body(at).milliseconds("ms")}; }

WatchDrain read_drain(const JsonReader& at) {
  Body body(at);
  return {};
}

WatchUnknown read_unknown(const JsonReader& at) { return {Body(at).services("services")}; }

WatchAddresses read_addresses(const JsonReader& at) {
  Body body(at);
  WatchAddresses m;
  for (const JsonReader& element : body->array("services", {0, kMaxWantedAddresses})) {
    Body row(element);
    Address address = row.address("address");
    Result<ResourceKey> service = ResourceKey::parse(row->string("service", {1, kMaxText}));
    bool is_service = service && service->kind == Kind::kService;
    if (is_service) m.services.push_back({address, *std::move(service)});
    if (!is_service) row->problem("service", "expected the key of a Service");
  }
  m.unknown = body.addresses("unknown");
  return m;
}

WatchDelete read_delete(const JsonReader& at) {
  Result<ResourceKey> key = ResourceKey::parse(at.string().value_or(""));
  if (key) return {std::move(*key)};
  at.problem(key.error().detail);
  return {};
}

template <class Message>
struct Row {
  std::string_view type;
  Message (*read)(const JsonReader&);
};

template <class Message, auto Read>
Message read_as(const JsonReader& at) {
  return Read(at);
}

constexpr Row<SidecarMessage> kSidecarRows[] = {
    {"hello", read_as<SidecarMessage, read_hello>},   {"want", read_as<SidecarMessage, read_want>},
    {"ack", read_as<SidecarMessage, read_ack>},       {"nack", read_as<SidecarMessage, read_nack>},
    {"report", read_as<SidecarMessage, read_report>}, {"trust", read_as<SidecarMessage, read_trust_in_use>},
    {"facts", read_as<SidecarMessage, read_facts>},   {"draining", read_as<SidecarMessage, read_draining>},
};
constexpr Row<ControlMessage> kControlRows[] = {
    {"begin", read_as<ControlMessage, read_begin>},
    {"delete", read_as<ControlMessage, read_delete>},
    {"end", read_as<ControlMessage, read_end>},
    {"heartbeat", read_as<ControlMessage, read_heartbeat>},
    {"retry_after", read_as<ControlMessage, read_retry_after>},
    {"drain", read_as<ControlMessage, read_drain>},
    {"unknown", read_as<ControlMessage, read_unknown>},
    {"addresses", read_as<ControlMessage, read_addresses>},
    {"trust", read_as<ControlMessage, read_trust>},
    {"facts_request", read_as<ControlMessage, read_facts_request>},
    {"release", read_as<ControlMessage, read_release>},
};

// The one member that is the message, and whether it may be skipped.
struct Opened {
  std::string type;
  JsonValue body;
  bool ignorable = false;
};

Result<Opened> open(std::string_view line, size_t max_bytes) {
  if (line.size() > max_bytes) {
    return make_error(Reason::kTooLarge, str_cat("a line has more than ", std::to_string(max_bytes), " bytes"));
  }
  Result<JsonValue> document = JsonValue::parse(line, max_bytes);
  if (!document) return bad(document.error().detail);
  if (!document->is_object()) return bad(str_cat("expected an object, found ", document->type_name()));
  Opened out;
  for (std::string_view name : document->keys()) {
    if (name == kIgnorable) {
      out.ignorable = document->find(name)->as_bool().value_or(false);
    } else if (!out.type.empty()) {
      return bad(str_cat("a line is one message; found ", in_quotes(out.type), " and ", in_quotes(name)));
    } else {
      out.type = name;
      out.body = *document->find(name);
    }
  }
  if (out.type.empty()) return bad("a line is one message; found none");
  return out;
}

template <class Message>
Result<Message> decode_with(std::span<const Row<Message>> rows, std::string_view line, size_t max_bytes) {
  HEDDLE_TRY(Opened opened, open(line, max_bytes));
  auto row = std::find_if(rows.begin(), rows.end(), [&](const Row<Message>& r) { return r.type == opened.type; });
  if (row == rows.end()) {
    if (opened.ignorable) return Message(WatchIgnored{opened.type});
    return bad(str_cat(in_quotes(opened.type), " is not a message this side knows, and is not marked as ignorable"));
  }
  Problems problems;
  Message message = row->read(JsonReader(opened.body, opened.type, problems));
  if (!problems.empty()) return bad(problems.text());
  return message;
}

Result<ControlMessage> decode_put(std::string_view line) {
  std::string_view rest = line.substr(kPutStart.size());
  size_t key_end = rest.find('"');
  bool framed = key_end != std::string_view::npos && rest.substr(key_end).starts_with(kPutMiddle) && rest.back() == '}';
  if (!framed) return bad("a put is {\"put\":\"<key>\",\"resource\":<object>}, without spaces");
  Result<ResourceKey> key = ResourceKey::parse(rest.substr(0, key_end));
  if (!key) return bad(key.error().detail);
  rest.remove_prefix(key_end + kPutMiddle.size());
  std::string_view resource = rest.substr(0, rest.size() - 1);
  if (resource.size() > kMaxResourceBytes) {
    return make_error(Reason::kTooLarge, str_cat(key->text(), " has more than 1 MiB"));
  }
  if (!resource.starts_with('{')) return bad(str_cat(key->text(), ": expected an object"));
  Result<void> scanned = scan_json(resource, kMaxResourceBytes);
  if (!scanned) return bad(str_cat(key->text(), ": ", scanned.error().detail));
  return ControlMessage(WatchPut{std::move(*key), std::string(resource)});
}
}  // namespace

Result<SidecarMessage> decode_sidecar_message(std::string_view line) {
  if (std::optional<SidecarMessage> message = read_canonical_sidecar_line(line)) return *std::move(message);
  return decode_with<SidecarMessage>(kSidecarRows, line, kMaxSidecarLine);
}

Result<ControlMessage> decode_control_message(std::string_view line) {
  if (line.starts_with(kPutStart)) return decode_put(line);
  if (std::optional<ControlMessage> message = read_canonical_control_line(line)) return *std::move(message);
  return decode_with<ControlMessage>(kControlRows, line, kMaxControlLine);
}
}  // namespace heddle
