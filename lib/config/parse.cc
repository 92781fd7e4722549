#include "lib/config/parse.h"

#include "lib/base/strings.h"
#include "lib/config/model_maps.h"
#include "lib/config/parse_detail.h"

namespace heddle {
namespace {
using namespace detail;

ParsedSpec parse_kind(const Envelope& envelope, JsonObject& spec) {
  switch (envelope.key.kind) {
    case Kind::kService:
      return parse_service(envelope, spec);
    case Kind::kBackendSet:
      return parse_backend_set(envelope, spec);
    case Kind::kHttpRoute:
      return parse_http_route(envelope, spec);
    case Kind::kGrpcRoute:
      return parse_grpc_route(envelope, spec);
    case Kind::kTcpRoute:
    case Kind::kTlsRoute:
      return parse_l4_route(envelope, spec);
    case Kind::kHealthPolicy:
      return parse_health_policy(envelope, spec);
    case Kind::kTrafficPolicy:
      return parse_traffic_policy(envelope, spec);
    case Kind::kAuthorizationPolicy:
      return parse_authorization_policy(envelope, spec);
    case Kind::kFederatedTrustDomain:
      return parse_federated_trust_domain(envelope, spec);
    case Kind::kHttpRouteFilter:
      return parse_http_route_filter(envelope, spec);
    case Kind::kRateLimitPolicy:
      return parse_rate_limit_policy(envelope, spec);
    default:
      return parse_workload(envelope, spec);  // read_envelope() refused the kinds that are not supported
  }
}
}  // namespace

namespace detail {
namespace {
std::string checked_name(JsonObject& object, std::string_view field, std::string name) {
  if (name.empty() || is_dns_name(name)) return name;
  object.problem(field, str_cat(in_quotes(name), " is not a valid name (RFC 1123)"));
  return {};
}
}  // namespace

std::string read_name(JsonObject& object, std::string_view field) {
  return checked_name(object, field, object.string(field, kNameSize));
}

std::string read_optional_name(JsonObject& object, std::string_view field) {
  return checked_name(object, field, object.optional_string(field, kNameSize).value_or(""));
}

std::optional<uint16_t> read_optional_port(JsonObject& object, std::string_view field) {
  std::optional<int64_t> port = object.optional_integer(field, kPortRange);
  if (!port) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

std::optional<SpiffeId> read_optional_identity(JsonObject& object, std::string_view field) {
  std::optional<std::string> text = object.optional_string(field);
  if (!text) return std::nullopt;
  Result<SpiffeId> id = SpiffeId::parse(*text);
  if (!id) {
    object.problem(field, id.error().detail);
    return std::nullopt;
  }
  if (id->path().empty()) {
    object.problem(field, str_cat(in_quotes(*text), " names a trust domain; expected the id of a workload"));
    return std::nullopt;
  }
  return std::move(*id);
}
}  // namespace detail

std::optional<ParsedSpec> parse_spec(const Envelope& envelope, Problems& problems) {
  size_t before = problems.total();
  JsonObject root(JsonReader(envelope.document, "", problems));
  JsonObject spec = root.object("spec");
  ParsedSpec out = parse_kind(envelope, spec);
  spec.finish();
  if (problems.total() != before) return std::nullopt;
  return out;
}

std::optional<ParsedSpec> parse_resource(const Resource& resource, Problems& problems) {
  Result<JsonValue> document = JsonValue::parse(resource.json, kMaxResourceBytes);
  if (!document) {
    problems.add("", document.error().detail);
    return std::nullopt;
  }
  std::optional<Envelope> envelope = read_envelope(*document, {EnvelopeSource::kStored}, problems);
  if (!envelope) return std::nullopt;
  if (envelope->key != resource.key) {
    problems.add("metadata", str_cat("says ", envelope->key.text(), "; expected ", resource.key.text()));
    return std::nullopt;
  }
  return parse_spec(*envelope, problems);
}

void put_spec(Model& model, const ResourceKey& key, const ParsedSpec& spec) {
  std::visit(
      [&](const auto& parsed) {
        each_model_map([&](auto map) {
          if constexpr (std::is_same_v<decltype((model.*map)[key]), std::decay_t<decltype(parsed)>&>) {
            (model.*map)[key] = parsed;
          }
        });
      },
      spec);
}
}  // namespace heddle
