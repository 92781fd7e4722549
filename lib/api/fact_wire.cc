#include "lib/api/fact_wire.h"

#include <charconv>

namespace heddle {
namespace {
constexpr size_t kMaxPeer = 2048;  // SPIFFE ID §2.3
constexpr size_t kMaxNamespace = 63;
constexpr size_t kMaxWord = 64;
constexpr EnumName<FactDirection> kDirections[] = {{"outbound", FactDirection::kOutbound},
                                                   {"inbound", FactDirection::kInbound}};

void write_if(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.field(name, text);
}

void write_fields(JsonWriter& out, std::string_view name, const std::vector<KeptField>& fields) {
  if (fields.empty()) return;
  out.key(name).begin_array();
  for (const KeptField& field : fields) {
    out.begin_object().field("name", field.name);
    if (field.value) out.field("value", *field.value);
    out.end_object();
  }
  out.end_array();
}

void write_secrets(JsonWriter& out, const std::vector<KeptMatch>& secrets) {
  if (secrets.empty()) return;
  out.key("secrets").begin_array();
  for (const KeptMatch& secret : secrets) {
    out.begin_object().field("name", secret.name).field("match", secret.match).field("matched", secret.matched);
    out.end_object();
  }
  out.end_array();
}

std::vector<KeptField> read_fields(JsonObject& object, std::string_view name, bool are_headers) {
  std::vector<KeptField> fields;
  for (const JsonReader& element : object.optional_array(name, {0, kMaxFactFields})) {
    JsonObject field = element.object();
    KeptField kept{field.string("name", {1, kMaxFactName}), field.optional_string("value", {0, kMaxFactValue})};
    if (are_headers && is_secret_header(kept.name)) field.problem("name", "a value of this header is never kept");
    fields.push_back(std::move(kept));
  }
  return fields;
}

std::vector<KeptMatch> read_secrets(JsonObject& object) {
  std::vector<KeptMatch> secrets;
  for (const JsonReader& element : object.optional_array("secrets", {0, kMaxFactFields})) {
    JsonObject secret = element.object();
    secrets.push_back({secret.string("name", {1, kMaxFactName}), secret.string("match", {1, kMaxFactMatch}),
                       secret.boolean("matched")});
  }
  return secrets;
}

std::string text_of(JsonObject& object, std::string_view name, size_t most) {
  return object.optional_string(name, {0, most}).value_or("");
}

Version read_version(JsonObject& object) {
  std::string text = object.string("version", {1, kMaxWord});
  if (text.empty()) return {};  // reported as missing
  Result<Version> version = Version::parse(text);
  if (version) return *version;
  object.problem("version", version.error().detail);
  return {};
}

// As text: JSON's readers do not agree on 64 bits.
uint64_t read_draw(JsonObject& object) {
  std::optional<std::string> text = object.optional_string("draw", {1, 20});
  if (!text) return 0;
  uint64_t draw = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), draw);
  bool is_number = error == std::errc() && end == text->data() + text->size();
  if (!is_number) object.problem("draw", "expected a decimal number of 64 bits, as text");
  return is_number ? draw : 0;
}
}  // namespace

void write_fact(JsonWriter& out, const RequestFact& fact) {
  out.begin_object().field("direction", kDirections[static_cast<size_t>(fact.direction)].name);
  out.field("version", fact.version.text());
  write_if(out, "method", fact.method);
  write_if(out, "host", fact.host);
  write_if(out, "path", fact.path);
  write_if(out, "peer", fact.peer);
  write_if(out, "namespace", fact.ns);
  write_if(out, "service", fact.service);
  if (fact.port != 0) out.field("port", fact.port);
  if (fact.draw != 0) out.field("draw", std::to_string(fact.draw));
  write_fields(out, "headers", fact.headers);
  write_fields(out, "query", fact.query);
  write_secrets(out, fact.secrets);
  out.field("reason", fact.reason);
  write_if(out, "route", fact.route);
  write_if(out, "backendSet", fact.backend_set);
  write_if(out, "policy", fact.policy);
  out.end_object();
}

void write_facts(JsonWriter& out, std::span<const RequestFact> facts) {
  out.begin_array();
  for (const RequestFact& fact : facts) write_fact(out, fact);
  out.end_array();
}

// Members that it does not know are of a newer sidecar, and no reason to end its stream: they are left out.
RequestFact read_fact(const JsonReader& at) {
  JsonObject object = at.object();
  RequestFact fact;
  if (!object.has("direction")) object.problem("direction", "is missing");
  fact.direction = object.optional_one_of("direction", kDirections).value_or(FactDirection::kOutbound);
  fact.version = read_version(object);
  fact.method = text_of(object, "method", kMaxFactMethod);
  fact.host = text_of(object, "host", kMaxFactHost);
  fact.path = text_of(object, "path", kMaxFactPath);
  if (fact.path.find('?') != std::string::npos) object.problem("path", "must be without query");
  fact.peer = text_of(object, "peer", kMaxPeer);
  fact.ns = text_of(object, "namespace", kMaxNamespace);
  fact.service = text_of(object, "service", kMaxFactReference);
  fact.port = static_cast<uint16_t>(object.optional_integer("port", {0, UINT16_MAX}).value_or(0));
  fact.draw = read_draw(object);
  fact.headers = read_fields(object, "headers", true);
  fact.query = read_fields(object, "query", false);
  fact.secrets = read_secrets(object);
  fact.reason = object.string("reason", {1, kMaxWord});
  fact.route = text_of(object, "route", kMaxFactReference);
  fact.backend_set = text_of(object, "backendSet", kMaxFactReference);
  fact.policy = text_of(object, "policy", kMaxFactReference);
  return fact;
}
}  // namespace heddle
