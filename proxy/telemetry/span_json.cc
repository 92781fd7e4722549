#include "proxy/telemetry/span_json.h"

#include "lib/base/bytes.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int kServer = 2;
constexpr int kClient = 3;
constexpr int kUnset = 0;
constexpr int kError = 2;

template <size_t N>
std::string hex_of(const std::array<uint8_t, N>& id) {
  return to_hex(Bytes(reinterpret_cast<const std::byte*>(id.data()), N));
}

std::string nanoseconds(WallTime time) { return std::to_string(time.since_epoch() / std::chrono::nanoseconds(1)); }

// A list of OTLP's KeyValue; what is empty is left out.
class Attributes {
 public:
  explicit Attributes(JsonWriter& out) : out_(out.key("attributes").begin_array()) {}
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) begin(key).field("stringValue", value).end_object().end_object();
  }
  void number(std::string_view key, uint64_t value) {
    begin(key).field("intValue", std::to_string(value)).end_object().end_object();
  }
  void address(std::string_view prefix, const InlineAddress& address) {
    if (!address.is_set()) return;
    text(str_cat(prefix, ".address"), address.address().ip());
    number(str_cat(prefix, ".port"), address.address().port());
  }
  void end() { out_.end_array(); }

 private:
  JsonWriter& begin(std::string_view key) { return out_.begin_object().field("key", key).key("value").begin_object(); }
  JsonWriter& out_;
};

bool is_error(const AccessRecord& request) {
  if (request.status == 0) return true;
  return request.status >= (request.direction == Direction::kInbound ? 500 : 400);
}

std::string error_type(const AccessRecord& request) {
  if (request.reason != Reason::kNone) return std::string(info(request.reason).name);
  return is_error(request) ? std::to_string(request.status) : std::string();
}

std::string_view version_of(AccessProtocol protocol) {
  std::string_view text = to_text(protocol);
  return text.starts_with("HTTP/") ? text.substr(5) : std::string_view();
}

void write_attributes(JsonWriter& out, const AccessRecord& r) {
  Attributes list(out);
  list.text("http.request.method", r.method.view());
  list.text("url.path", r.path.view());
  list.text("url.scheme", "http");
  list.text("server.address", r.authority.view());
  list.text("network.protocol.version", version_of(r.protocol));
  if (r.status != 0) list.number("http.response.status_code", r.status);
  if (r.tries > 1) list.number("http.request.resend_count", r.tries - 1U);
  list.text("error.type", error_type(r));
  list.address("client", r.downstream);
  list.address("network.peer", r.upstream);
  if (r.reason != Reason::kNone) list.text("heddle.reason", info(r.reason).name);
  list.text("heddle.service", r.service.view());
  list.text("heddle.route", r.route.view());
  list.text("heddle.backend_set", r.backend_set.view());
  list.text("heddle.peer", r.peer.view());
  if (r.config_version != 0) list.number("heddle.config_version", r.config_version);
  list.end();
}
}  // namespace

void append_span(std::string& out, const SpanRecord& span) {
  const AccessRecord& r = span.request;
  JsonWriter json(out);
  json.begin_object().field("traceId", hex_of(span.ids.own.trace_id)).field("spanId", hex_of(span.ids.own.span_id));
  if (span.ids.has_parent()) json.field("parentSpanId", hex_of(span.ids.parent));
  json.field("flags", uint32_t{span.ids.own.flags}).field("name", r.method.view());
  json.field("kind", r.direction == Direction::kInbound ? kServer : kClient);
  json.field("startTimeUnixNano", nanoseconds(r.start)).field("endTimeUnixNano", nanoseconds(r.start + r.duration));
  write_attributes(json, r);
  json.key("status").begin_object().field("code", is_error(r) ? kError : kUnset).end_object().end_object();
}

std::string otlp_body(const SpanResource& resource, std::string_view spans) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("resourceSpans").begin_array().begin_object();
  json.key("resource").begin_object();
  Attributes who(json);
  who.text("service.name", resource.service);
  who.text("service.namespace", resource.ns);
  who.text("service.instance.id", resource.instance);
  who.end();
  json.end_object().key("scopeSpans").begin_array().begin_object();
  json.key("scope").begin_object().field("name", "heddle-proxy").field("version", resource.version).end_object();
  json.key("spans").begin_array();
  if (!spans.empty()) json.raw(spans);
  json.end_array().end_object().end_array().end_object().end_array().end_object();
  return out;
}
}  // namespace heddle
