#include "proxy/app/redirected_routers.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kExternal = "external";
constexpr std::string_view kDirect = "direct";  // in the place of a service's name
constexpr std::string_view kApplication = "application";

Error overflow() { return make_error(Reason::kConnectionOverflow, "too many destinations are in use"); }

RouteTarget target_of(const DirectSets::Row& row, uint64_t version) {
  RouteTarget out;
  out.backends = row.set.get();
  out.config_version = version;
  out.runtime = row.runtime;
  out.pin = row.set;
  return out;
}
}  // namespace

Address localhost_of(const Address& address) {
  if (address.family() == Address::Family::kIpv4) return Address::loopback(address.port());
  return *Address::from_ip("::1", address.port());
}

RedirectedOutbound::RedirectedOutbound(OutboundRouter& services, UpstreamContext& upstream, WorkerConfig& config,
                                       bool external_allowed)
    : services_(services),
      config_(config),
      external_allowed_(external_allowed),
      external_(plain_set(std::string(kExternal), UpstreamProtocol::kTcp)),
      external_runtime_(config.runtime(Direction::kOutbound, kExternal, "", kExternal)),
      sets_(upstream) {
  config_.need_destinations();
}

// nullptr: there is no configuration yet, or nobody redirected it.
const Destination* RedirectedOutbound::find(const ConnectionInfo& from) const {
  const auto& current = config_.current();
  if (current == nullptr || current->destinations == nullptr || !from.original_dst) return nullptr;
  return &current->destinations->find(*from.original_dst);
}

// A session that began at a service's address may outlive that: then nobody is asked what HTTP there means.
Result<RouteTarget> RedirectedOutbound::route(const RequestHead& head, const ConnectionInfo& from) {
  const Destination* to = find(from);
  if (to != nullptr && to->kind == Destination::Kind::kEndpoint) return to_endpoint(*to);
  return services_.route(head, from);
}

bool RedirectedOutbound::asks_server_name(const ConnectionInfo& from) { return services_.asks_server_name(from); }

Result<RouteTarget> RedirectedOutbound::route_tcp(const ConnectionInfo& from) {
  const Destination* to = find(from);
  if (to == nullptr || to->kind == Destination::Kind::kService) return services_.route_tcp(from);
  if (to->kind == Destination::Kind::kEndpoint) return to_endpoint(*to);
  return to_external(*from.original_dst);
}

Result<RouteTarget> RedirectedOutbound::to_endpoint(const Destination& to) {
  DirectSets::Row* row = sets_.of(to.set->spec, *to.endpoint);
  if (row == nullptr) return overflow();
  if (row->runtime == nullptr) {
    const ResourceKey& key = to.set->spec->key;
    row->runtime = &config_.runtime(Direction::kOutbound, kDirect, "", str_cat(key.ns, "/", key.name));
  }
  return target_of(*row, config_.current()->snapshot->version().sequence);
}

Result<RouteTarget> RedirectedOutbound::to_external(const Address& address) {
  if (!external_allowed_) return make_error(Reason::kExternalDenied, address.text());
  DirectSets::Row* row = sets_.of(external_, endpoint_at(address));
  if (row == nullptr) return overflow();
  row->runtime = &external_runtime_;
  return target_of(*row, config_.current()->snapshot->version().sequence);
}

RedirectedInbound::RedirectedInbound(UpstreamContext& upstream, WorkerConfig& config, const ListenerSettings& listener)
    : to_localhost_(listener.application_localhost),
      application_(plain_set(std::string(kApplication), listener.forward_protocol)),
      runtime_(config.runtime(Direction::kInbound, listener.name, "", kApplication)),
      sets_(upstream) {}

Result<RouteTarget> RedirectedInbound::route_tcp(const ConnectionInfo& from) {
  if (!from.original_dst) return make_error(Reason::kNotRedirected, "");
  const Address& called = *from.original_dst;
  DirectSets::Row* row = sets_.of(application_, endpoint_at(to_localhost_ ? localhost_of(called) : called));
  if (row == nullptr) return overflow();
  row->runtime = &runtime_;
  return target_of(*row, 0);
}
}  // namespace heddle
