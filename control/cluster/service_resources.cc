#include "control/cluster/service_resources.h"

#include <algorithm>

#include "control/cluster/annotated_policies.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct TcpPort {
  std::string name;
  uint16_t port = 0;
  uint16_t target = 0;  // 0: a name, which the slices resolve
  PortProtocol protocol = PortProtocol::kAuto;
};

std::vector<TcpPort> tcp_ports(const JsonValue& service, const PortHints& hints) {
  std::vector<TcpPort> out;
  std::optional<JsonValue> ports = service.find({"spec", "ports"});
  for (size_t i = 0; ports && i < ports->size(); ++i) {
    JsonValue one = ports->at(i);
    std::string_view transport = text_at(one, {"protocol"});
    std::optional<JsonValue> number = one.find("port");
    int64_t port = number ? number->as_integer().value_or(0) : 0;
    if ((!transport.empty() && transport != "TCP") || port < 1 || port > 65535) continue;
    std::optional<JsonValue> target = one.find("targetPort");
    int64_t to = target ? target->as_integer().value_or(0) : port;
    TcpPort out_port{std::string(text_at(one, {"name"})), static_cast<uint16_t>(port), static_cast<uint16_t>(to)};
    out_port.protocol = protocol_of({out_port.name, text_at(one, {"appProtocol"}), out_port.port}, hints);
    out.push_back(std::move(out_port));
  }
  return out;
}

}  // namespace

std::string_view set_protocol(PortProtocol protocol) {
  switch (protocol) {
    case PortProtocol::kHttp:
      return "http";
    case PortProtocol::kHttp2:
    case PortProtocol::kGrpc:
      return "http2";
    case PortProtocol::kTcp:
      return "tcp";
    case PortProtocol::kAuto:
      break;
  }
  return "auto";
}

namespace {

void begin(JsonWriter& out, std::string_view kind, std::string_view ns, std::string_view name) {
  out.begin_object().field("apiVersion", "heddle.dev/v1").field("kind", kind);
  out.key("metadata").begin_object().field("name", name).field("namespace", ns).end_object();
  out.key("spec").begin_object();
}

JsonValue parsed(const std::string& text) {
  Result<JsonValue> value = JsonValue::parse(text, kMaxResourceBytes);
  return value ? std::move(*value) : JsonValue();
}

// Of a headless service every address is a pod's, which the sidecar knows as an endpoint.
void write_addresses(JsonWriter& out, const JsonValue& service) {
  std::vector<std::string> addresses;
  auto add = [&](std::string_view text) {
    Result<Address> address = Address::from_ip(text, 0);
    if (address && std::find(addresses.begin(), addresses.end(), address->ip()) == addresses.end()) {
      addresses.push_back(address->ip());
    }
  };
  add(text_at(service, {"spec", "clusterIP"}));
  std::optional<JsonValue> more = service.find({"spec", "clusterIPs"});
  for (size_t i = 0; more && i < more->size(); ++i) add(more->at(i).as_string().value_or(""));
  if (addresses.empty()) return;
  out.key("addresses").begin_array();
  for (const std::string& one : addresses) out.string(one);
  out.end_array();
}

}  // namespace

void write_visibility(JsonWriter& out, const JsonValue& service) {
  std::optional<std::string> said = annotation(service, "visibility");
  if (!said) return;
  if (*said == "mesh" || *said == "namespace") {
    out.field("visibility", *said);
    return;
  }
  out.key("visibility").begin_array();
  for (std::string_view pattern : split(*said, ',')) out.string(trim(pattern));
  out.end_array();
}

namespace {

JsonValue service_document(const JsonValue& service, const ObjectRef& ref, const std::vector<TcpPort>& ports) {
  std::string text;
  JsonWriter out(text);
  begin(out, "Service", ref.ns, ref.name);
  out.key("ports").begin_array();
  for (const TcpPort& port : ports) {
    out.begin_object();
    if (!port.name.empty()) out.field("name", port.name);
    out.field("port", port.port).field("protocol", to_text(port.protocol));
    out.field("backendSet", backend_set_name(ref.name, port.port)).end_object();
  }
  out.end_array();
  write_addresses(out, service);
  write_visibility(out, service);
  out.end_object().end_object();
  return parsed(text);
}

std::vector<SliceEndpoint> endpoints_of(const ServiceParts& parts, const TcpPort& port) {
  std::vector<SliceEndpoint> all;
  for (const JsonValue* slice : parts.slices) {
    std::vector<SliceEndpoint> some = read_slice(*slice, port.name, port.target);
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  if (parts.endpoints != nullptr) all = read_endpoints(*parts.endpoints, port.name);
  return usable(std::move(all), is_true_at(*parts.service, {"spec", "publishNotReadyAddresses"}));
}

void write_endpoint(JsonWriter& out, const SliceEndpoint& endpoint, const PodFacts* pod,
                    const ServiceContext& context) {
  uint16_t port = pod != nullptr && pod->is_explicit ? kSidecarInbound : endpoint.address.port();
  out.begin_object().field("address", endpoint.address.ip()).field("port", port);
  if (!endpoint.zone.empty()) out.field("zone", endpoint.zone);
  if (pod != nullptr && pod->weight) out.field("weight", *pod->weight);
  if (pod == nullptr || !pod->is_meshed) {
    out.field("tls", "plaintext").end_object();
    return;
  }
  out.field("identity",
            str_cat("spiffe://", context.settings.trust_domain, "/ns/", pod->ref.ns, "/sa/", pod->service_account));
  Labels labels = pod->labels;
  std::erase_if(labels, [&](const auto& label) { return !context.labels.contains(label.first); });
  if (!labels.empty()) {
    out.key("labels").begin_object();
    for (const auto& [key, value] : labels) out.field(key, value);
    out.end_object();
  }
  out.end_object();
}

void write_endpoints(JsonWriter& out, const ServiceParts& parts, const TcpPort& port, const ServiceContext& context) {
  out.key("endpoints").begin_array();
  for (const SliceEndpoint& endpoint : endpoints_of(parts, port)) {
    const PodFacts* pod = nullptr;
    if (endpoint.pod) {
      auto found = context.pods.find(*endpoint.pod);
      if (found == context.pods.end()) continue;  // not known yet: neither its identity nor that it has none
      pod = &found->second;
      if (pod->is_leaving && !endpoint.terminating) continue;  // sooner than its slice says so
    }
    write_endpoint(out, endpoint, pod, context);
  }
  out.end_array();
}

JsonValue set_document(const ServiceParts& parts, const ObjectRef& ref, const TcpPort& port,
                       const ServiceContext& context) {
  std::string text;
  JsonWriter out(text);
  begin(out, "BackendSet", ref.ns, backend_set_name(ref.name, port.port));
  out.field("protocol", set_protocol(port.protocol));
  write_load_balancer(out, *parts.service);
  write_endpoints(out, parts, port, context);
  out.end_object().end_object();
  return parsed(text);
}
}  // namespace

PodIndex index_pods(const ClusterObjects& objects) {
  PodIndex out;
  for (const auto& [ref, pod] : objects.all(ClusterKind::kPod)) out.emplace(ref, read_pod(pod));
  return out;
}

std::string backend_set_name(std::string_view service, uint16_t port) {
  return str_cat(service, ".", std::to_string(port));
}

std::vector<JsonValue> service_documents(const ServiceParts& parts, const ServiceContext& context,
                                         ClusterProblems& problems) {
  const JsonValue& service = *parts.service;
  ObjectRef ref{std::string(text_at(service, {"metadata", "namespace"})),
                std::string(text_at(service, {"metadata", "name"}))};
  std::string object = str_cat("Service ", ref.ns, "/", ref.name);
  std::vector<JsonValue> out;
  if (text_at(service, {"spec", "type"}) == "ExternalName") return out;
  std::vector<TcpPort> ports = tcp_ports(service, read_port_hints(service, object, problems));
  if (ports.empty()) return out;
  out.push_back(service_document(service, ref, ports));
  std::vector<std::string> sets;
  for (const TcpPort& port : ports) {
    out.push_back(set_document(parts, ref, port, context));
    sets.push_back(backend_set_name(ref.name, port.port));
  }
  for (JsonValue& policy : annotated_policies(service, sets)) out.push_back(std::move(policy));
  return out;
}
}  // namespace heddle
