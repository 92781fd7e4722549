// Our own kind HTTPRouteFilter: answers and faults that a rule of a route names by extensionRef.
#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"
#include "lib/config/field_rules.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr IntRange kAnswerStatuses{200, 599};
constexpr IntRange kAbortStatuses{400, 599};
constexpr IntRange kGrpcStatuses{1, 16};  // google.rpc.Code without OK
constexpr DurationRange kDelays{1ms, kMaxFaultDelay};
constexpr size_t kMaxFaultFields = 16;

// RFC 9110 §15: no body after 204, 205 and 304.
bool has_no_body(int64_t status) noexcept { return status == 204 || status == 205 || status == 304; }

DirectResponse parse_direct_response(JsonObject object) {
  DirectResponse out;
  out.status = static_cast<uint16_t>(object.integer("status", kAnswerStatuses));
  out.body = object.optional_string("body", {0, kMaxDirectBody}).value_or("");
  std::optional<std::string> type = object.optional_string("contentType", {1, 256});
  if (type && !is_field_text(*type)) object.problem("contentType", "has a control byte, or white space at an end");
  if (type && out.body.empty()) object.problem("contentType", "means nothing without a body");
  if (!out.body.empty() && has_no_body(out.status)) object.problem("body", "an answer with this status has none");
  if (!out.body.empty()) out.content_type = type.value_or("text/plain; charset=utf-8");
  object.finish();
  return out;
}

double parse_percent(JsonObject& object) {
  double percent = object.optional_number("percent").value_or(100);
  if (!(percent >= 0 && percent <= 100)) object.problem("percent", "is out of range (0-100)");
  return percent;
}

// The HTTP mapping that google.rpc.Code gives with each code.
uint16_t http_of(int64_t grpc_status) noexcept {
  constexpr uint16_t kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                    400, 409, 400, 501, 500, 503, 500, 401};
  return kStatuses[grpc_status];
}

FaultAbort parse_abort(JsonObject object) {
  FaultAbort out;
  std::optional<int64_t> status = object.optional_integer("status", kAbortStatuses);
  std::optional<int64_t> grpc = object.optional_integer("grpcStatus", kGrpcStatuses);
  if (object.is_object() && object.has("status") == object.has("grpcStatus")) {
    object.problem("status", "or grpcStatus: expected one of them");
  }
  if (status) out.status = static_cast<uint16_t>(*status);
  out.grpc_status = grpc ? static_cast<uint8_t>(*grpc) : grpc_status_of_http(out.status);
  if (grpc) out.status = http_of(*grpc);
  out.percent = parse_percent(object);
  object.finish();
  return out;
}

FaultDelay parse_delay(JsonObject object) {
  FaultDelay out;
  out.duration = object.duration("duration", kDelays);
  out.percent = parse_percent(object);
  object.finish();
  return out;
}

FieldText parse_fault_field(const JsonReader& at) {
  JsonObject object = at.object();
  FieldText out{to_lower(object.string("name", {1, 256})), object.string("value", {1, 4096})};
  if (!out.name.empty() && !is_token(out.name)) object.problem("name", "is not the name of a header field");
  if (is_internal_field(out.name)) object.problem("name", "is a header that sidecars remove from every request");
  object.finish();
  return out;
}

FaultSpec parse_fault(JsonObject object) {
  FaultSpec out;
  if (std::optional<JsonObject> delay = object.optional_object("delay")) out.delay = parse_delay(std::move(*delay));
  if (std::optional<JsonObject> abort = object.optional_object("abort")) out.abort = parse_abort(std::move(*abort));
  if (object.is_object() && !object.has("delay") && !object.has("abort"))
    object.problem("delay", "or abort is required");
  for (const JsonReader& at : object.optional_array("headers", {0, kMaxFaultFields})) {
    out.headers.push_back(parse_fault_field(at));
  }
  object.finish();
  return out;
}
}  // namespace

std::shared_ptr<const HttpRouteFilterSpec> parse_http_route_filter(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<HttpRouteFilterSpec>();
  out->key = envelope.key;
  if (std::optional<JsonObject> answer = spec.optional_object("directResponse")) {
    out->direct_response = parse_direct_response(std::move(*answer));
  }
  if (std::optional<JsonObject> fault = spec.optional_object("fault")) out->fault = parse_fault(std::move(*fault));
  if (spec.is_object() && !spec.has("directResponse") && !spec.has("fault")) {
    spec.problem("directResponse", "or fault is required");
  }
  return out;
}
}  // namespace heddle::detail
