#include "control/cluster/endpoint_slices.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr std::string_view kZoneLabel = "topology.kubernetes.io/zone";

bool condition(const JsonValue& endpoint, std::string_view name, bool absent) {
  std::optional<JsonValue> found = endpoint.find({"conditions", name});
  return found ? found->as_bool().value_or(absent) : absent;
}

std::optional<ObjectRef> pod_of(const JsonValue& endpoint, std::string_view ns) {
  if (text_at(endpoint, {"targetRef", "kind"}) != "Pod") return std::nullopt;
  std::string_view said = text_at(endpoint, {"targetRef", "namespace"});
  return ObjectRef{std::string(said.empty() ? ns : said), std::string(text_at(endpoint, {"targetRef", "name"}))};
}

// v1 has a field, v1beta1 a map of the node's labels.
std::string zone_of(const JsonValue& endpoint) {
  std::string_view zone = text_at(endpoint, {"zone"});
  return std::string(zone.empty() ? text_at(endpoint, {"topology", kZoneLabel}) : zone);
}

// The number of the port of that name; nothing: the slice does not have it.
std::optional<uint16_t> port_of(const JsonValue& object, std::string_view name, uint16_t target) {
  std::optional<JsonValue> ports = object.find("ports");
  for (size_t i = 0; ports && i < ports->size(); ++i) {
    JsonValue port = ports->at(i);
    std::string_view protocol = text_at(port, {"protocol"});
    if (text_at(port, {"name"}) != name || (!protocol.empty() && protocol != "TCP")) continue;
    std::optional<JsonValue> number = port.find("port");
    int64_t value = number ? number->as_integer().value_or(target) : target;
    if (value >= 1 && value <= 65535) return static_cast<uint16_t>(value);
  }
  return std::nullopt;
}

void add_addresses(const JsonValue& subset, std::string_view list, uint16_t port, std::string_view ns,
                   std::vector<SliceEndpoint>& out) {
  std::optional<JsonValue> addresses = subset.find(list);
  for (size_t i = 0; addresses && i < addresses->size(); ++i) {
    JsonValue one = addresses->at(i);
    Result<Address> address = Address::from_ip(text_at(one, {"ip"}), port);
    if (!address) continue;
    SliceEndpoint endpoint;
    endpoint.address = *address;
    endpoint.ready = endpoint.serving = list == "addresses";
    endpoint.pod = pod_of(one, ns);
    out.push_back(std::move(endpoint));
  }
}

// What is worth more of two that say the same address.
int worth(const SliceEndpoint& one) { return one.ready ? 2 : one.serving ? 1 : 0; }
}  // namespace

std::vector<SliceEndpoint> read_slice(const JsonValue& slice, std::string_view port_name, uint16_t target) {
  std::vector<SliceEndpoint> out;
  std::string_view type = text_at(slice, {"addressType"});
  std::optional<uint16_t> port = port_of(slice, port_name, target);
  std::optional<JsonValue> endpoints = slice.find("endpoints");
  if ((type != "IPv4" && type != "IPv6") || !port || !endpoints) return out;
  for (size_t i = 0; i < endpoints->size(); ++i) {
    JsonValue one = endpoints->at(i);
    std::optional<JsonValue> addresses = one.find("addresses");  // only the first one has a meaning
    Result<Address> address = Address::from_ip(addresses ? addresses->at(0).as_string().value_or("") : "", *port);
    if (!address) continue;
    SliceEndpoint endpoint;
    endpoint.address = *address;
    endpoint.ready = condition(one, "ready", true);
    endpoint.serving = condition(one, "serving", endpoint.ready);
    endpoint.terminating = condition(one, "terminating", false);
    endpoint.zone = zone_of(one);
    endpoint.pod = pod_of(one, text_at(slice, {"metadata", "namespace"}));
    out.push_back(std::move(endpoint));
  }
  return out;
}

std::vector<SliceEndpoint> read_endpoints(const JsonValue& endpoints, std::string_view port_name) {
  std::vector<SliceEndpoint> out;
  std::optional<JsonValue> subsets = endpoints.find("subsets");
  std::string_view ns = text_at(endpoints, {"metadata", "namespace"});
  for (size_t i = 0; subsets && i < subsets->size(); ++i) {
    JsonValue subset = subsets->at(i);
    std::optional<uint16_t> port = port_of(subset, port_name, 0);
    if (!port) continue;
    add_addresses(subset, "addresses", *port, ns, out);
    add_addresses(subset, "notReadyAddresses", *port, ns, out);
  }
  return out;
}

std::vector<SliceEndpoint> usable(std::vector<SliceEndpoint> all, bool not_ready_too) {
  std::stable_sort(all.begin(), all.end(), [](const SliceEndpoint& a, const SliceEndpoint& b) {
    return a.address != b.address ? a.address < b.address : worth(a) > worth(b);
  });
  auto same = [](const SliceEndpoint& a, const SliceEndpoint& b) { return a.address == b.address; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  if (not_ready_too) return all;
  bool any_ready = std::any_of(all.begin(), all.end(), [](const SliceEndpoint& one) { return one.ready; });
  std::erase_if(all, [any_ready](const SliceEndpoint& one) {
    return any_ready ? !one.ready : !(one.serving && one.terminating);
  });
  return all;
}
}  // namespace heddle
