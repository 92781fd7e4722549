#include "proxy/app/routers.h"

#include <utility>

#include "lib/base/strings.h"
#include "proxy/app/short_sets.h"
#include "proxy/upstream/hash_key.h"

namespace heddle {
namespace {
std::string key_text(const ResourceKey& key) { return str_cat(key.ns, "/", key.name); }

FilterUse filters_of(const Decision& decision, uint64_t draw) {
  return {decision.rule->filters.get(), draw, decision.port->number, decision.backend_number(draw)};
}

SessionUse session_of(const Decision& decision, uint64_t draw) {
  return {decision.rule->session.get(), decision.candidate->match_index, decision.backend_number(draw),
          decision.session};
}

// What this worker knows about the endpoints of the sets it uses.
class LiveEndpoints final : public EndpointView {
 public:
  explicit LiveEndpoints(const WorkerSnapshot& snapshot) : snapshot_(snapshot) {}
  bool is_usable(BackendSetId set, uint64_t endpoint) const override {
    return snapshot_.backend_sets[set.value()]->is_usable(endpoint);
  }

 private:
  const WorkerSnapshot& snapshot_;
};

// Counted of traffic, told of a question.
void leave(const WorkerSnapshot& current, uint64_t draw, Decision& decision, RouteWatch* watch) {
  const BackendSetEntry* left = decision.backends;
  leave_if_short(current, draw, decision, watch == nullptr);
  if (!decision.instead || watch == nullptr) return;
  watch->trace.add("minimum healthy share",
                   str_cat(key_text(left->spec->key), " is left for ", key_text(decision.backends->spec->key)));
}

std::shared_ptr<const BackendSetSpec> application_spec(const ListenerSettings& listener) {
  BackendSetSpec spec;
  spec.key = ResourceKey{Kind::kBackendSet, {}, listener.forward->text()};  // as in the labels of its requests
  Endpoint endpoint;
  endpoint.key.address = *listener.forward;
  spec.endpoints.push_back(std::move(endpoint));
  spec.tls = UpstreamTls::kPlaintext;
  spec.protocol = listener.forward_protocol;
  spec.lb.policy = LbPolicy::kRoundRobin;
  return std::make_shared<const BackendSetSpec>(std::move(spec));
}
}  // namespace

OutboundRouter::OutboundRouter(WorkerConfig& config, const ListenerSettings& listener, std::string client_ns,
                               const OwnName& own, Random& random)
    : config_(config),
      service_(listener.service),
      by_destination_(listener.intercept),
      client_ns_(std::move(client_ns)),
      own_(own),
      random_(random) {
  if (!service_.empty() && listener.port != 0) service_.append(":").append(std::to_string(listener.port));
}

ServiceRef OutboundRouter::service_for(const std::shared_ptr<const WorkerSnapshot>& current, std::string_view authority,
                                       const ConnectionInfo& from) {
  if (resolved_for_ != current) {
    resolved_for_ = current;
    cells_.reset(current->snapshot->route_id_limit());
    fixed_service_ = service_.empty() ? ServiceRef{} : current->snapshot->resolve(service_, client_ns_);
  }
  if (by_destination_) {
    if (current->destinations == nullptr || !from.original_dst) return {};
    return current->destinations->find(*from.original_dst).service;
  }
  return service_.empty() ? current->snapshot->resolve(authority, client_ns_) : fixed_service_;
}

Result<RouteTarget> OutboundRouter::route(const RequestHead& head, const ConnectionInfo& from) {
  return route_drawn(head, from, random_.next(), nullptr);
}

Result<RouteTarget> OutboundRouter::route_watched(const RequestHead& head, const ConnectionInfo& from, uint64_t draw,
                                                  RouteWatch& watch) {
  return route_drawn(head, from, draw, &watch);
}

Result<RouteTarget> OutboundRouter::route_drawn(const RequestHead& head, const ConnectionInfo& from, uint64_t draw,
                                                RouteWatch* watch) {
  auto current = config_.current();
  if (current == nullptr) return make_error(Reason::kNoConfig, "");
  RequestFacts facts = facts_of(head);
  LiveEndpoints endpoints(*current);
  SessionLookup sessions{head.fields(), config_.clock(), endpoints};
  DecisionInput input{service_for(current, head.authority(), from), client_ns_, &facts, draw, {}, &sessions};
  Decision decision = decide(*current->snapshot, input, watch == nullptr ? nullptr : &watch->trace);
  if (watch != nullptr) {
    watch->decision = decision;
    watch->snapshot = current;
  }
  if (!decision) return make_error(decision.reason, "");
  if (may_leave(decision)) leave(*current, draw, decision, watch);
  if (watch != nullptr) watch->decision = decision;
  RouteTarget out = target(std::move(current), decision, &head, from);
  if (watch == nullptr) out.runtime = &runtime_of(decision);
  out.origin = {draw, decision.rule, decision.backends};
  if (decision.candidate != nullptr && decision.candidate->has_filters) out.filters = filters_of(decision, draw);
  if (decision.candidate != nullptr && decision.candidate->has_session) out.session = session_of(decision, draw);
  return out;
}

bool OutboundRouter::asks_server_name(const ConnectionInfo& from) {
  auto current = config_.current();
  if (current == nullptr) return false;
  ServiceRef service = service_for(current, {}, from);
  const L4Router* router = service ? service.port->l4_router_for(client_ns_) : nullptr;
  return router != nullptr && router->asks_server_name();
}

Result<RouteTarget> OutboundRouter::route_tcp(const ConnectionInfo& from) {
  auto current = config_.current();
  if (current == nullptr) return make_error(Reason::kNoConfig, "");
  DecisionInput input{service_for(current, {}, from), client_ns_, nullptr, random_.next(), from.sni};
  Decision decision = decide(*current->snapshot, input);
  if (!decision) return make_error(decision.reason, "");
  if (may_leave(decision)) leave_if_short(*current, input.draw, decision);
  RouteTarget out = target(std::move(current), decision, nullptr, from);
  out.runtime = &runtime_of(decision);
  return out;
}

void set_timeouts(const RouteTimeouts* of_rule, const TrafficPolicySpec* policy, RouteTarget& out) {
  auto unless_off = [](std::optional<Duration> d) { return d == Duration{} ? std::nullopt : d; };  // "0s"
  if (of_rule != nullptr) {
    out.request_timeout = unless_off(of_rule->request);
    out.try_timeout = unless_off(of_rule->backend_request);
  }
  if (policy == nullptr) return;
  bool is_said = of_rule != nullptr && of_rule->request;
  if (!is_said) out.request_timeout = unless_off(policy->timeouts.request);
  out.stream_idle = policy->timeouts.stream_idle;
  out.max_grpc_timeout = policy->timeouts.max_grpc;
}

const RetrySpec* retry_of(const HttpRouteRule* rule, const TrafficPolicySpec* policy) {
  if (rule != nullptr && rule->retry) return &*rule->retry;
  return policy != nullptr && policy->retry ? &*policy->retry : nullptr;
}

RouteTarget OutboundRouter::target(std::shared_ptr<const WorkerSnapshot> current, const Decision& decision,
                                   const RequestHead* head, const ConnectionInfo& from) {
  RouteTarget out;
  const BackendSetEntry* set = decision.backends;  // nullptr: a filter answers
  bool rule_says = decision.candidate != nullptr && decision.candidate->has_limits;
  const TrafficPolicySpec* policy = set == nullptr ? nullptr : set->traffic.get();
  if (rule_says || policy != nullptr) set_timeouts(rule_says ? &decision.rule->timeouts : nullptr, policy, out);
  out.retry = retry_of(rule_says ? &decision.rule->spec() : nullptr, policy);
  if (policy != nullptr && policy->hedge) out.hedge = &*policy->hedge;
  if (set != nullptr) {
    out.backends = current->backend_sets[set->id.value()].get();
    const HashOn& hash_on = set->spec->lb.hash_on;
    if (hash_on.source != HashSource::kNone) out.hash = hash_of(hash_on, {head, from, own_.id()});
  }
  if (decision.candidate != nullptr && decision.candidate->has_filters) out.backend_sets = current->backend_sets;
  out.config_version = current->snapshot->version().sequence;
  out.pin = std::move(current);
  return out;
}

RouteRuntime& OutboundRouter::runtime_of(const Decision& decision) {
  BackendSetId set = decision.backends == nullptr ? BackendSetId() : decision.backends->id;
  RouteRuntime*& cell = decision.candidate != nullptr ? cells_.of(decision.candidate->id, set)
                        : decision.rule != nullptr    ? cells_.of(decision.rule->id, set)
                                                      : cells_.of(*decision.port);
  if (cell == nullptr) {
    std::string route = decision.rule != nullptr ? key_text(decision.rule->route->key) : std::string();
    cell = &config_.runtime(Direction::kOutbound, key_text(decision.service->spec->key), route,
                            decision.backends == nullptr ? std::string() : key_text(decision.backends->spec->key));
  }
  return *cell;
}

InboundRouter::InboundRouter(UpstreamContext& upstream, WorkerConfig& config, const ListenerSettings& listener)
    : application_(upstream, application_spec(listener)) {
  target_.backends = &application_;
  target_.runtime = &config.runtime(Direction::kInbound, listener.name, "", listener.forward->text());
}
}  // namespace heddle
