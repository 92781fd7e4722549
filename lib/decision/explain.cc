#include "lib/decision/explain.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/unresolved.h"
#include "lib/decision/labels.h"
#include "lib/policy/visibility.h"

namespace heddle {
namespace {
bool serves(const Model& model, const SpiffeId& identity, const ResourceKey& service) {
  return std::any_of(model.workloads.begin(), model.workloads.end(), [&](const auto& row) {
    const WorkloadSpec& workload = *row.second;
    bool is_own = workload.key.ns == service.ns && workload.identity == identity;
    return is_own && std::count(workload.services.begin(), workload.services.end(), service.name) > 0;
  });
}

// False: the control plane would not send the service to the sidecar that asks, so that it is unknown there.
bool check_visibility(const Snapshot& snapshot, const ServiceSpec& service, const ExplainQuery& query, Trace& trace) {
  if (service.visibility.scope == VisibilityScope::kMesh) return true;
  std::string name = label(service.key);
  if (!query.from()) {
    trace.add("visibility", str_cat(name, " is not for every sidecar; not judged, no identity is given"));
    return true;
  }
  if (is_visible(service, *query.from())) {
    trace.add("visibility", str_cat(name, " is visible to ", query.from()->text()));
    return true;
  }
  bool is_own = serves(snapshot.model(), *query.from(), service.key);
  trace.add("visibility", is_own ? str_cat(name, " is served by ", query.from()->text())
                                 : str_cat(name, " is not visible to ", query.from()->text()));
  return is_own;
}

bool has_weight(const Endpoint& endpoint) { return endpoint.weight > 0; }

std::string choice_of(const LbSpec& lb) {
  return is_hashing(lb.policy) ? "by the hash of the request's key" : "by chance, load and turn";
}

ExplainedBackends explain_backends(const BackendSetSpec& set, uint32_t weight, uint64_t total) {
  ExplainedBackends out;
  out.name = short_name(set.key);
  out.weight = weight;
  out.percent = total == 0 ? 0 : 100.0 * weight / static_cast<double>(total);
  out.balancer = to_text(set.lb.policy);
  out.choice = choice_of(set.lb);
  if (set.dns) {
    out.dns = str_cat(set.dns->name, set.dns->type == DnsType::kSrv ? "" : str_cat(":", std::to_string(set.dns->port)));
    out.identity = set.dns->identity ? set.dns->identity->text() : "";
    return out;
  }
  if (std::none_of(set.endpoints.begin(), set.endpoints.end(), has_weight)) out.reason = Reason::kNoHealthyEndpoint;
  out.endpoint_count = set.endpoints.size();
  out.endpoints = explain_endpoints(set);
  return out;
}

ExplainedBackends explain_unresolved(const WeightedBackend& backend, uint64_t total, const std::string& place,
                                     Trace& trace) {
  ExplainedBackends out;
  out.name = str_cat("nowhere: ", why_unresolved(backend));
  out.weight = backend.weight;
  out.percent = total == 0 ? 0 : 100.0 * backend.weight / static_cast<double>(total);
  out.reason = Reason::kBackendSetMissing;
  trace.add(place, str_cat("leads nowhere: ", why_unresolved(backend)));
  return out;
}

// What a listener of that port does not even ask routes about.
void check_protocol(const ServicePort& port, const ExplainQuery& query, Trace& trace) {
  if (port.protocol == PortProtocol::kAuto) return;
  bool is_tcp_port = port.protocol == PortProtocol::kTcp;
  if (is_tcp_port == query.is_tcp()) return;
  trace.add("protocol", is_tcp_port ? "the port is declared tcp: its requests are not looked at; ask for tcp://"
                                    : str_cat("the port is declared ", to_text(port.protocol),
                                              ": what is not HTTP is refused there"));
}

// How a TLSRoute or a TCPRoute (no name) matched.
std::string label_of_name(std::string_view name) {
  if (name.empty()) return "every connection";
  return str_cat("SNI ", name.starts_with('.') ? "*" : "", name);
}

void explain_rule(const Snapshot& snapshot, const Decision& decision, Explanation& out) {
  const HttpRouteRule& rule = decision.rule->spec();
  out.route = short_name(decision.rule->route->key);
  out.rule = decision.rule->index;
  out.rule_name = rule.name;
  out.route_kind = info(decision.rule->route->key.kind).name;
  out.match = decision.candidate != nullptr ? label(*decision.candidate) : label_of_name(decision.matched_name);
  explain_limits(rule, out.trace);
  uint64_t total = 0;
  for (const WeightedBackend& backend : rule.backends) total += backend.weight;
  for (const WeightedBackend& backend : rule.backends) {
    if (is_unresolved(backend)) {
      std::string place =
          str_cat("backend ", std::to_string(out.backends.size()), " of rule ", std::to_string(*out.rule));
      out.backends.push_back(explain_unresolved(backend, total, place, out.trace));
      continue;
    }
    const BackendSetEntry* set = snapshot.find_backend_set(backend_set_of(snapshot.model(), backend));
    out.backends.push_back(explain_backends(*set->spec, backend.weight, total));
    explain_traffic(*set, out.backends.back(), out.trace);
  }
}

bool is_dead_end(const ExplainedBackends& backends) {
  return backends.percent == 0 || backends.reason != Reason::kNone;
}

bool are_dead_ends(const Explanation& out) {
  return !out.backends.empty() && std::all_of(out.backends.begin(), out.backends.end(), is_dead_end);
}

// `has_draw`: else of a share that leads nowhere the others still get theirs.
void explain_sets(const Snapshot& snapshot, const Decision& decision, bool has_draw, Explanation& out) {
  out.reason = decision.reason;
  if (decision.rule != nullptr) {
    explain_rule(snapshot, decision, out);
  } else if (decision.backends != nullptr) {
    out.backends.push_back(explain_backends(*decision.backends->spec, 1, 1));
    explain_traffic(*decision.backends, out.backends.back(), out.trace);
  }
  if (decision.reason == Reason::kBackendSetMissing && !has_draw && !are_dead_ends(out)) out.reason = Reason::kNone;
  if (!decision || decision.session) return;  // a session goes on where weights send nobody
  if (!are_dead_ends(out)) return;
  out.reason = Reason::kNoHealthyEndpoint;
  out.trace.add("endpoints", "none with a weight");
}
}  // namespace

void settle_backends(Explanation& out) {
  if (out.reason != Reason::kNone && out.reason != Reason::kNoHealthyEndpoint) return;
  bool has_session = out.session && out.session->verdict == SessionVerdict::kValid;
  auto is_drawn = [&](const ExplainedBackends& backends) {
    return backends.drawn || (has_session && backends.name == out.session->backend_set);
  };
  bool has_draw = std::any_of(out.backends.begin(), out.backends.end(), is_drawn);
  Reason reason = Reason::kNone;
  for (const ExplainedBackends& backends : out.backends) {
    bool may_get_it = has_draw ? is_drawn(backends) : backends.percent != 0;
    if (!may_get_it) continue;
    reason = backends.reason;
    if (reason == Reason::kNone) break;
  }
  if (!out.backends.empty()) out.reason = reason;
  if (out.reason == Reason::kNone) return;
  for (ExplainedMirror& mirror : out.mirrors) {  // what is answered here is not copied
    if (mirror.drawn) mirror.drawn = false;
  }
  if (out.reason != Reason::kNone) out.forward.reset();
}

void explain_decision(const Snapshot& snapshot, const ExplainQuery& query, const Decision& decision,
                      ExplainReceivers receivers, Explanation& out) {
  if (decision.service != nullptr) out.service = short_name(decision.service->spec->key);
  if (decision.port != nullptr) out.port = decision.port->number;
  explain_sets(snapshot, decision, query.draw().has_value(), out);
  if (decision.rule != nullptr && decision.rule->session) explain_session(snapshot, decision, out);
  RequestHead forwarded = query.head().clone();
  if (decision.rule != nullptr && decision.rule->filters != nullptr) {
    explain_filters(snapshot, decision, forwarded, out);
  }
  if (query.draw()) {
    forwarded = query.head().clone();
    explain_draw(decision, *query.draw(), forwarded, out);
    if (out.forward) settle_backends(out);
  }
  if (out.reason != Reason::kNone || receivers == ExplainReceivers::kNotKnown) return;
  explain_authorization(snapshot.model(), query, query.is_tcp() ? nullptr : &forwarded, out);
  if (query.is_tcp() || out.reason != Reason::kNone) return;
  explain_rate_limits(snapshot.model(), forwarded, out);
  explain_overload(snapshot.model(), query, forwarded, out);
}

Explanation explain(const Snapshot& snapshot, const ExplainQuery& query) {
  Explanation out;
  out.version = snapshot.version();
  RequestFacts facts = facts_of(query.head());
  ServiceRef service = snapshot.resolve(facts.authority, query.client_ns());
  bool is_known = service.service != nullptr;
  if (is_known && !check_visibility(snapshot, *service.service->spec, query, out.trace)) {
    out.reason = Reason::kServiceUnknown;
    return out;
  }
  if (service) check_protocol(service.port->port, query, out.trace);
  DecisionInput input{service, query.client_ns(), query.is_tcp() ? nullptr : &facts, query.draw().value_or(0),
                      query.server_name()};
  Decision decision = decide(snapshot, input, &out.trace);
  follow_session(snapshot, query.head(), decision);
  explain_decision(snapshot, query, decision, ExplainReceivers::kJudged, out);
  if (query.is_tcp()) out.forward.reset();  // nothing is sent but what the client sends
  return out;
}
}  // namespace heddle
