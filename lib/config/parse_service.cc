#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/config/identity_pattern.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<PortProtocol> kProtocols[] = {{"auto", PortProtocol::kAuto},
                                                 {"http", PortProtocol::kHttp},
                                                 {"http2", PortProtocol::kHttp2},
                                                 {"grpc", PortProtocol::kGrpc},
                                                 {"tcp", PortProtocol::kTcp}};
// Kubernetes' appProtocol: its own names beside ours.
constexpr EnumName<PortProtocol> kAppProtocols[] = {{"http", PortProtocol::kHttp},
                                                    {"http2", PortProtocol::kHttp2},
                                                    {"kubernetes.io/h2c", PortProtocol::kHttp2},
                                                    {"grpc", PortProtocol::kGrpc},
                                                    {"tcp", PortProtocol::kTcp}};
constexpr size_t kMaxVisibleTo = 256;

bool is_wildcard(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

ServicePort parse_port(const JsonReader& at, const std::string& service) {
  JsonObject object = at.object();
  ServicePort out;
  out.name = object.optional_string("name", {1, 63}).value_or("");
  if (!out.name.empty() && !is_dns_label(out.name)) object.problem("name", "is not a valid name (RFC 1123)");
  out.port = static_cast<uint16_t>(object.integer("port", kPortRange));
  std::optional<PortProtocol> protocol = object.optional_one_of("protocol", kProtocols);
  std::optional<PortProtocol> alias = object.optional_one_of("appProtocol", kAppProtocols);
  if (protocol && alias) object.problem("appProtocol", "say protocol or appProtocol, not both");
  out.protocol = protocol ? *protocol : alias.value_or(PortProtocol::kAuto);
  out.backend_set = read_optional_name(object, "backendSet");
  out.backend_set_is_named = !out.backend_set.empty();
  if (!out.backend_set_is_named) out.backend_set = service;
  object.finish();
  return out;
}

void parse_ports(JsonObject& spec, ServiceSpec& out) {
  std::set<uint16_t> numbers;
  std::set<std::string> names;
  for (const JsonReader& at : spec.array("ports", {1, kMaxServicePorts})) {
    ServicePort port = parse_port(at, out.key.name);
    if (port.port != 0 && !numbers.insert(port.port).second) {
      at.problem(str_cat("port ", std::to_string(port.port), " stands twice"));
    }
    if (!port.name.empty() && !names.insert(port.name).second) {
      at.problem(str_cat("the name ", in_quotes(port.name), " stands twice"));
    }
    out.ports.push_back(std::move(port));
  }
}

// "mesh", "namespace", or a list of identity patterns. An empty list is visible to nobody.
Visibility parse_visibility(const JsonReader& at) {
  Visibility out;
  if (at.value().is_array()) {
    out.scope = VisibilityScope::kIdentities;
    for (const JsonReader& element : at.array({0, kMaxVisibleTo})) {
      std::optional<std::string_view> pattern = element.string();
      if (!pattern) continue;
      Result<void> valid = check_identity_pattern(*pattern);
      if (!valid) element.problem(valid.error().detail);
      out.identities.emplace_back(*pattern);
    }
    return out;
  }
  std::optional<std::string_view> word = at.value().as_string();
  if (word == "namespace") {
    out.scope = VisibilityScope::kNamespace;
  } else if (word != "mesh") {
    at.problem("expected \"mesh\", \"namespace\" or a list of identity patterns");
  }
  return out;
}

void parse_hosts(JsonObject& spec, ServiceSpec& out) {
  std::set<std::string> seen;
  for (const JsonReader& at : spec.optional_array("hosts", {0, kMaxServiceHosts})) {
    std::optional<std::string_view> host = at.string({1, 253});
    if (!host) continue;
    if (!is_dns_name(*host)) {
      at.problem(str_cat(in_quotes(*host), " is not a host name in lower case without port"));
    } else if (!seen.emplace(*host).second) {
      at.problem(str_cat(in_quotes(*host), " stands twice"));
    }
    out.hosts.emplace_back(*host);
  }
}

void parse_addresses(JsonObject& spec, ServiceSpec& out) {
  for (const JsonReader& at : spec.optional_array("addresses", {0, kMaxServiceAddresses})) {
    std::optional<std::string_view> text = at.string({1});
    if (!text) continue;
    Result<Address> address = Address::from_ip(*text, 0);
    if (!address) {
      at.problem(address.error().detail);
    } else if (is_wildcard(*address) || address->is_loopback()) {
      at.problem(str_cat(in_quotes(*text), " is no address that others can call"));
    } else if (std::find(out.addresses.begin(), out.addresses.end(), *address) != out.addresses.end()) {
      at.problem(str_cat(in_quotes(*text), " stands twice"));
    } else {
      out.addresses.push_back(*address);
    }
  }
}

}  // namespace

std::shared_ptr<const ServiceSpec> parse_service(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<ServiceSpec>();
  out->key = envelope.key;
  if (!is_dns_label(out->key.name)) {
    spec.problem("", str_cat("the name of a Service must be one label without '.'; got ", in_quotes(out->key.name)));
  }
  parse_ports(spec, *out);
  if (std::optional<JsonReader> at = spec.optional("visibility")) out->visibility = parse_visibility(*at);
  parse_hosts(spec, *out);
  parse_addresses(spec, *out);
  return out;
}
}  // namespace heddle::detail
