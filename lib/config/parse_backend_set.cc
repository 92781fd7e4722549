#include <map>
#include <unordered_set>
#include <utility>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
enum class TlsWord { kMtls, kPlaintext, kTls };
constexpr EnumName<TlsWord> kTlsModes[] = {
    {"mtls", TlsWord::kMtls}, {"plaintext", TlsWord::kPlaintext}, {"tls", TlsWord::kTls}};
constexpr EnumName<UpstreamProtocol> kProtocols[] = {{"auto", UpstreamProtocol::kAuto},
                                                     {"http", UpstreamProtocol::kHttp1},
                                                     {"http2", UpstreamProtocol::kHttp2},
                                                     {"tcp", UpstreamProtocol::kTcp}};

UpstreamTls parse_tls(JsonObject& spec) {
  TlsWord word = spec.optional_one_of("tls", kTlsModes).value_or(TlsWord::kMtls);
  if (word == TlsWord::kTls) {
    spec.unsupported("tls", "TLS to backends outside the mesh is not supported; use mtls or plaintext");
  }
  return word == TlsWord::kPlaintext ? UpstreamTls::kPlaintext : UpstreamTls::kMtls;
}

Labels parse_labels(JsonObject& at) {
  Labels out;
  std::optional<JsonObject> labels = at.optional_object("labels");
  if (!labels) return out;
  if (labels->value().size() > kMaxLabels) at.problem("labels", "has more than 64 labels");
  for (std::string_view key : labels->value().keys()) out.emplace(key, labels->string(key, {0, 63}));
  return out;
}

Address parse_address(JsonObject& object) {
  std::string ip = object.string("address", {1});
  auto port = static_cast<uint16_t>(object.integer("port", kPortRange));
  if (ip.empty()) return {};
  Result<Address> address = Address::from_ip(ip, port);
  if (!address) {
    object.problem("address", str_cat(in_quotes(ip), " is not an IPv4 or IPv6 address"));
    return {};
  }
  // One address has one form, so that the same endpoint does not stand twice.
  std::string text = address->ip();
  constexpr std::string_view kMapped = "::ffff:";
  if (text.starts_with(kMapped) && text.find('.') != text.npos) {
    object.problem("address", str_cat(in_quotes(ip), " is an IPv4 address: write ", text.substr(kMapped.size())));
  }
  return *address;
}

constexpr EnumName<UpstreamTls> kEndpointTls[] = {{"mtls", UpstreamTls::kMtls}, {"plaintext", UpstreamTls::kPlaintext}};

using SeenTraits = std::map<EndpointTraits, Rare<EndpointTraits>>;

Endpoint parse_endpoint(const JsonReader& at, SeenTraits& seen) {
  JsonObject object = at.object();
  Endpoint out;
  out.key.address = parse_address(object);
  out.key.identity = read_optional_identity(object, "identity");
  out.is_plaintext = object.optional_one_of("tls", kEndpointTls) == UpstreamTls::kPlaintext;
  out.weight = static_cast<uint32_t>(object.optional_integer("weight", {0, kMaxWeight}).value_or(1));
  out.priority = static_cast<uint8_t>(object.optional_integer("priority", {0, kMaxPriority}).value_or(0));
  EndpointTraits traits{object.optional_string("zone", {1, 63}).value_or(""), parse_labels(object)};
  auto [at_traits, is_new] = seen.try_emplace(std::move(traits));
  if (is_new) at_traits->second = Rare<EndpointTraits>(at_traits->first);
  out.traits = at_traits->second;
  object.finish();
  return out;
}

// What an endpoint's identity is: its own, else the set's; only mTLS asks for one. `tls` is the set's.
void settle_identity(const JsonReader& at, const std::optional<SpiffeId>& common, UpstreamTls tls, Endpoint& endpoint) {
  bool own = at.value().find("identity").has_value();
  if (tls == UpstreamTls::kPlaintext && at.value().find("tls").has_value() && !endpoint.is_plaintext) {
    at.problem("is mtls, but tls of the set is plaintext: write mtls there, and plaintext at those without a sidecar");
  }
  if (tls == UpstreamTls::kPlaintext || endpoint.is_plaintext) {
    if (own) at.problem("has an identity, but tls is plaintext: nobody would check it");
    return;
  }
  if (own) return;  // wrong ones were reported
  endpoint.key.identity = common;
  if (!common) at.problem("needs an identity: tls is mtls, and neither the endpoint nor the set names one");
}
// What is found in DNS has no identity of its own: all have the set's.
void settle_dns(JsonObject& spec, const std::optional<SpiffeId>& common, UpstreamTls tls, DnsSource& dns) {
  if (spec.has("endpoints")) spec.problem("endpoints", "stands beside dns: endpoints are listed or looked up");
  dns.identity = common;
  if (tls == UpstreamTls::kPlaintext || spec.has("identity")) return;
  spec.problem("identity", "is required: tls is mtls, and what DNS finds has no identity of its own");
}

SubsetSpec read_subset(JsonObject& object) {
  SubsetSpec out;
  out.parent = read_name(object, "name");
  out.labels = parse_labels(object);
  std::optional<JsonValue> labels = object.value().find("labels");
  if (!labels && object.is_object()) object.problem("labels", "is required: those that an endpoint of the subset has");
  if (labels && labels->is_object() && labels->size() == 0) object.problem("labels", "is empty: that is the whole set");
  object.finish();
  return out;
}

// Whoever else uses the same endpoints speaks to them in the same way and checks them once.
std::shared_ptr<const BackendSetSpec> parse_subset(BackendSetSpec out, JsonObject& spec) {
  if (auto object = spec.optional_object("subsetOf")) out.subset = Rare<SubsetSpec>(read_subset(*object));
  for (std::string_view field : {"endpoints", "dns", "tls", "identity", "protocol", "healthPolicy"}) {
    if (!spec.has(field)) continue;
    spec.problem(field,
                 "stands beside subsetOf: a subset has the endpoints of its parent, and speaks to them as that does");
    spec.ignore(field);
  }
  return std::make_shared<const BackendSetSpec>(std::move(out));
}
}  // namespace

std::shared_ptr<const BackendSetSpec> parse_backend_set(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<BackendSetSpec>();
  out->key = envelope.key;
  out->says_lb = spec.has("loadBalancer");
  if (auto lb = spec.optional_object("loadBalancer")) out->lb = parse_load_balancer(*lb);
  if (spec.has("subsetOf")) return parse_subset(std::move(*out), spec);
  out->tls = parse_tls(spec);
  std::optional<SpiffeId> common = read_optional_identity(spec, "identity");
  if (out->tls == UpstreamTls::kPlaintext && spec.has("identity")) {
    spec.problem("identity", "stands beside tls: plaintext: nobody would check it");
  }
  out->protocol = spec.optional_one_of("protocol", kProtocols).value_or(UpstreamProtocol::kAuto);
  out->health_policy = read_optional_name(spec, "healthPolicy");
  out->dns = parse_dns_source(spec);
  if (out->dns) settle_dns(spec, common, out->tls, *out->dns);

  std::unordered_set<Address> seen;
  SeenTraits traits;
  bool common_is_wrong = spec.has("identity") && !common;
  std::vector<JsonReader> endpoints = spec.optional_array("endpoints", {0, kMaxEndpoints});
  out->endpoints.reserve(endpoints.size());
  for (const JsonReader& at : endpoints) {
    Endpoint endpoint = parse_endpoint(at, traits);
    if (!common_is_wrong && at.value().is_object()) settle_identity(at, common, out->tls, endpoint);
    if (endpoint.address().is_set() && !seen.insert(endpoint.address()).second) {
      at.problem(str_cat(endpoint.address().text(), " stands twice"));
    }
    out->endpoints.push_back(std::move(endpoint));
  }
  return out;
}
}  // namespace heddle::detail
