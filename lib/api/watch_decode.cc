#include <algorithm>

#include "lib/api/fact_wire.h"
#include "lib/api/watch_messages.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPutStart = "{\"put\":\"";
constexpr std::string_view kPutMiddle = "\",\"resource\":";
constexpr std::string_view kIgnorable = "ignorable";
constexpr size_t kMaxText = 253;
constexpr size_t kMaxCounterName = 128;
constexpr int64_t kMaxMilliseconds = 24LL * 3600 * 1000;

Error bad(std::string detail) { return make_error(Reason::kBadRequest, std::move(detail), Origin::kDownstream); }

// A JSON object reader that lets pass the fields which the sender listed under "ignorable".
class Body {
 public:
  explicit Body(const JsonReader& at) : object_(at) {
    for (const JsonReader& name : object_.optional_array(kIgnorable, {0, 64})) {
      if (auto text = name.string()) object_.ignore(*text);
    }
  }
  ~Body() { object_.finish(); }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  JsonObject* operator->() { return &object_; }

  Version version(std::string_view field) { return checked(field, object_.string(field, {1, kMaxText})); }
  std::optional<Version> optional_version(std::string_view field) {
    std::optional<std::string> text = object_.optional_string(field, {1, kMaxText});
    return text ? std::optional<Version>(checked(field, *text)) : std::nullopt;
  }
  std::string hash(std::string_view field) {
    std::string text = object_.string(field, {64, 64});
    auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!std::all_of(text.begin(), text.end(), is_digit)) object_.problem(field, "expected 64 lower-case hex digits");
    return text;
  }
  std::string optional_hash(std::string_view field) { return object_.has(field) ? hash(field) : std::string(); }
  std::vector<ResourceKey> services(std::string_view field) {
    std::vector<ResourceKey> keys;
    for (const JsonReader& element : object_.optional_array(field, {0, kMaxWants})) {
      std::optional<std::string_view> text = element.string();
      if (!text) continue;
      Result<ResourceKey> key = ResourceKey::parse(*text);
      if (!key) {
        element.problem(key.error().detail);
      } else if (key->kind != Kind::kService) {
        element.problem("expected the key of a Service");
      } else {
        keys.push_back(std::move(*key));
      }
    }
    return keys;
  }
  FederatedTexts federated() { return read_federated(object_); }
  Duration milliseconds(std::string_view field) {
    return std::chrono::milliseconds(object_.integer(field, {0, kMaxMilliseconds}));
  }

 private:
  Version checked(std::string_view field, const std::string& text) {
    if (text.empty()) return {};  // reported as missing
    Result<Version> version = Version::parse(text);
    if (version) return *version;
    object_.problem(field, version.error().detail);
    return {};
  }
  JsonObject object_;
};

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
  return {body.services("add"), body.services("drop")};
}

WatchAck read_ack(const JsonReader& at) { return {Body(at).version("version")}; }

WatchNack read_nack(const JsonReader& at) {
  Body body(at);
  WatchNack m;
  m.version = body.version("version");
  for (const JsonReader& element : body->array("errors", {1, kMaxNackErrors})) {
    Body error(element);
    SizeRange size{0, kMaxNackMessage};
    m.errors.push_back({error->optional_string("resource", size).value_or(""),
                        error->optional_string("path", size).value_or(""), error->string("message", size)});
  }
  return m;
}

WatchReport read_report(const JsonReader& at) {
  Body body(at);
  WatchReport m;
  m.lag = body.milliseconds("lag_ms");
  m.version = body.optional_version("version");
  std::optional<JsonObject> counters = body->optional_object("counters");
  if (!counters) return m;
  std::vector<std::string_view> names = counters->value().keys();
  if (names.size() > kMaxCounters) body->problem("counters", "has more than 1000 members");
  for (std::string_view name : names) {
    std::optional<uint64_t> value = counters->value().find(name)->as_unsigned();
    if (!value || name.size() > kMaxCounterName) {
      counters->problem(name.substr(0, kMaxCounterName), "expected a name of at most 128 bytes and a count");
    } else {
      m.counters.emplace(name, *value);
    }
  }
  return m;
}

WatchTrustInUse read_trust_in_use(const JsonReader& at) {
  Body body(at);
  return {body.hash("bundle"), body.optional_hash("authority"), body.optional_hash("federated")};
}

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
    {"facts", read_as<SidecarMessage, read_facts>},
};
constexpr Row<ControlMessage> kControlRows[] = {
    {"begin", read_as<ControlMessage, read_begin>},
    {"delete", read_as<ControlMessage, read_delete>},
    {"end", read_as<ControlMessage, read_end>},
    {"heartbeat", read_as<ControlMessage, read_heartbeat>},
    {"retry_after", read_as<ControlMessage, read_retry_after>},
    {"drain", read_as<ControlMessage, read_drain>},
    {"unknown", read_as<ControlMessage, read_unknown>},
    {"trust", read_as<ControlMessage, read_trust>},
    {"facts_request", read_as<ControlMessage, read_facts_request>},
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
      return bad(str_cat("a line is one message; found ", quoted(out.type), " and ", quoted(name)));
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
    return bad(str_cat(quoted(opened.type), " is not a message this side knows, and is not marked as ignorable"));
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
  return decode_with<SidecarMessage>(kSidecarRows, line, kMaxSidecarLine);
}

Result<ControlMessage> decode_control_message(std::string_view line) {
  if (line.starts_with(kPutStart)) return decode_put(line);
  return decode_with<ControlMessage>(kControlRows, line, kMaxControlLine);
}
}  // namespace heddle
