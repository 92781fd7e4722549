#include <algorithm>

#include "control/replicas/peer_key.h"
#include "control/replicas/peer_lines.h"
#include "lib/api/message_body.h"
#include "lib/api/report_wire.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kIgnorable = "ignorable";
constexpr size_t kMaxText = 253;
constexpr SizeRange kText{0, kMaxText};

Error bad(std::string detail) { return make_error(Reason::kBadRequest, std::move(detail), Origin::kUpstream); }

class Body : public MessageBody {
 public:
  using MessageBody::MessageBody;
  std::optional<WallTime> optional_time(std::string_view field) {
    std::optional<std::string> text = (*this)->optional_string(field, {1, kMaxText});
    if (!text) return std::nullopt;
    Result<WallTime> time = parse_time(*text);
    if (time) return *time;
    (*this)->problem(field, time.error().detail);
    return std::nullopt;
  }
  WallTime time(std::string_view field) {
    if (!(*this)->has(field)) (*this)->problem(field, "is missing");
    return optional_time(field).value_or(WallTime{});
  }
  std::string text(std::string_view field) { return (*this)->optional_string(field, kText).value_or(""); }
  NodeKey key() { return read_node_key(*this); }
};

// Who it is and what it asks for. One that is gone asks for nothing.
std::shared_ptr<const NodeRequest> read_request(Body& body, const NodeKey& key) {
  constexpr EnumName<WatchScope> kScopes[] = {{"wants", WatchScope::kWants}, {"everything", WatchScope::kEverything}};
  std::vector<ResourceKey> wants = body.services("wants");
  std::optional<WatchScope> scope = body->optional_one_of("scope", kScopes);
  if (!scope) return nullptr;
  Result<SpiffeId> identity = SpiffeId::parse(key.identity);
  if (!identity) {
    body->problem("identity", identity.error().detail);
    return nullptr;
  }
  NodeRequest request{*std::move(identity), *scope, {wants.begin(), wants.end()}, ""};
  request.text = request_text(request);
  return std::make_shared<const NodeRequest>(std::move(request));
}

NodeState read_state(Body& body) {
  constexpr EnumName<NodeState> kStates[] = {{"syncing", NodeState::kSyncing},
                                             {"live", NodeState::kLive},
                                             {"behind", NodeState::kBehind},
                                             {"refused", NodeState::kRefused},
                                             {"gone", NodeState::kGone}};
  if (!body->has("state")) body->problem("state", "is missing");
  return body->optional_one_of("state", kStates).value_or(NodeState::kSyncing);
}

PeerMessage read_row(const JsonReader& at) {
  Body body(at);
  NodeStatus row;
  row.key = body.key();
  row.state = read_state(body);
  row.is_connected = row.state != NodeState::kGone;
  row.request = read_request(body, row.key);
  row.address = body.text("address");
  row.serial = body.text("serial");
  row.software = body.text("software");
  for (const JsonReader& feature : body->optional_array("features", {0, kMaxFeatures})) {
    if (auto text = feature.string(kText)) row.features.emplace_back(*text);
  }
  row.acked = body.optional_version("acked");
  row.runs = body.optional_version("runs");
  row.connected = body.time("connected");
  row.last_seen = body.time("last_seen");
  row.behind_since = body.optional_time("behind_since").value_or(WallTime{});
  row.is_affected = body->boolean("affected");
  if (auto nack = body->optional("nack")) row.nack = read_nack(*nack);
  if (auto report = body->optional("report")) row.report = read_report(*report);
  if (auto trust = body->optional("trust")) row.trust = read_trust_in_use(*trust);
  return PeerRow{std::move(row)};
}

PeerMessage read_hello(const JsonReader& at) {
  Body body(at);
  PeerHello m;
  m.protocol = static_cast<uint32_t>(body->integer("protocol", {1, 1'000'000}));
  m.name = body->string("name", {1, kMaxText});
  m.software = body->string("software", {1, kMaxText});
  return m;
}

PeerMessage read_gone(const JsonReader& at) { return PeerGone{Body(at).key()}; }
PeerMessage read_newest(const JsonReader& at) { return PeerNewest{Body(at).version("version")}; }
PeerMessage read_peer_trust(const JsonReader& at) {
  Body body(at);
  for (std::string_view field : {"bundle", "authority"}) {
    if (!body->has(field)) body->problem(field, "is missing");
  }
  return PeerTrust{body.optional_hash("bundle"), body.optional_hash("authority")};
}
PeerMessage read_heartbeat(const JsonReader& at) {
  Body body(at);
  return PeerHeartbeat{};
}

struct MessageKind {
  std::string_view type;
  PeerMessage (*read)(const JsonReader&);
};
constexpr MessageKind kKinds[] = {{"hello", read_hello}, {"trust", read_peer_trust}, {"row", read_row},
                                  {"gone", read_gone},   {"newest", read_newest},    {"heartbeat", read_heartbeat}};

Result<PeerMessage> read_message(std::string_view type, const JsonValue& body, bool is_ignorable) {
  for (const MessageKind& kind : kKinds) {
    if (kind.type != type) continue;
    Problems problems;
    PeerMessage message = kind.read(JsonReader(body, std::string(type), problems));
    if (!problems.empty()) return bad(problems.text());
    return message;
  }
  if (is_ignorable) return PeerMessage(PeerIgnored{std::string(type)});
  return bad(str_cat(in_quotes(type), " is not a message this side knows, and is not marked as ignorable"));
}
}  // namespace

Result<PeerMessage> decode_peer_message(std::string_view line) {
  if (line.size() > kMaxPeerLine) return make_error(Reason::kTooLarge, "a line of a control plane exceeds its limit");
  Result<JsonValue> document = JsonValue::parse(line, kMaxPeerLine);
  if (!document) return bad(document.error().detail);
  if (!document->is_object()) return bad(str_cat("expected an object, found ", document->type_name()));
  std::vector<std::string_view> names = document->keys();
  bool is_ignorable = false;
  if (std::optional<JsonValue> mark = document->find(kIgnorable)) is_ignorable = mark->as_bool().value_or(false);
  std::erase(names, kIgnorable);
  if (names.size() != 1) return bad(str_cat("a line is one message; found ", std::to_string(names.size())));
  return read_message(names[0], *document->find(names[0]), is_ignorable);
}
}  // namespace heddle
