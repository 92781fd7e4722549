#include "lib/decision/decide.h"

#include "lib/base/strings.h"
#include "lib/config/route_kinds.h"
#include "lib/decision/labels.h"
#include "lib/routing/route_filters.h"

namespace heddle {
namespace {
std::string matches_text(size_t count) { return str_cat(std::to_string(count), count == 1 ? " match" : " matches"); }

size_t matches_of(const Router& router) {
  size_t out = 0;
  for (const auto& route : router.routes()) {
    for (const RouteRule& rule : route->rules) out += rule.spec().matches.size();
  }
  return out;
}

const RouteCandidate* match_rule(const Router& router, const RequestFacts& facts, Trace* trace) {
  if (trace == nullptr) return router.match(facts);
  size_t looked_at = 0;
  const RouteCandidate* found = router.match(facts, [&](const RouteCandidate& candidate, MatchVerdict verdict) {
    ++looked_at;
    trace->add(str_cat(label(*candidate.rule), " ", label(candidate)), to_text(verdict, candidate.conditions));
  });
  if (found != nullptr) return found;
  size_t others = matches_of(router) - looked_at;
  trace->add("routes", others == 0 ? std::string("no rule matches")
                                   : str_cat("no rule matches; the path differs in ", matches_text(others)));
  return nullptr;
}

void trace_service(const DecisionInput& input, Trace& trace) {
  if (input.service) {
    trace.add("service",
              str_cat(label(input.service.service->spec->key), " port ", std::to_string(input.service.port->number)));
  } else if (input.service.service != nullptr) {
    std::string ports;
    for (const ServicePortEntry& port : input.service.service->ports) {
      ports.append(ports.empty() ? "" : ", ").append(std::to_string(port.number));
    }
    trace.add("service", str_cat(label(input.service.service->spec->key), " has another port: ", ports));
  } else {
    trace.add("service", "unknown");
  }
}

// Routes of a kind that gives way to another on this port.
void trace_conflicts(const Model& model, const DecisionInput& input, const Router& router, Trace& trace) {
  const ResourceKey& service = input.service.service->spec->key;
  const std::string& ns = router.routes().front()->spec->key.ns;
  for (const RouteConflict& conflict : route_conflicts(model)) {
    if (conflict.loser.ns != ns || conflict.service != ObjectRef{service.ns, service.name}) continue;
    if (conflict.port == input.service.port->number) trace.add(label(conflict.loser), conflict.text());
  }
}

void trace_routes(const Model& model, const DecisionInput& input, const Router* router, Trace& trace) {
  if (router == nullptr) return trace.add("routes", "none attached: the port's backend set");
  trace_conflicts(model, input, *router, trace);
  if (router == input.service.port->producer.get()) return;
  trace.add("routes", str_cat("those of namespace ", input.client_ns, " replace the service's own"));
}

void trace_l4(const L4Router& router, const DecisionInput& input, const L4Match& found, Trace& trace) {
  const L4Routes& all = *input.service.port->l4;
  if (&router != all.producer.get()) {
    trace.add("routes", str_cat("those of namespace ", input.client_ns, " replace the service's own"));
  }
  trace.add("server name", input.server_name.empty() ? std::string("none") : std::string(input.server_name));
  for (const auto& route : router.routes()) {
    bool is_found = found.rule != nullptr && found.rule->route == route->spec.get();
    bool is_tls = route->spec->key.kind == Kind::kTlsRoute;
    std::string why = is_found ? "matches"
                      : is_tls ? "the server name differs, or another route comes first"
                               : "another route comes first";
    trace.add(label(route->spec->key), why);
  }
  if (found.rule == nullptr) trace.add("routes", "no TLSRoute has this server name, and there is no TCPRoute");
}

std::optional<BackendSetId> choose_l4(const DecisionInput& input, Decision& out, Trace* trace) {
  const L4Router* router = input.service.port->l4_router_for(input.client_ns);
  if (router == nullptr) {
    if (trace != nullptr) trace->add("routes", "no TCPRoute or TLSRoute is attached: the port's backend set");
    return input.service.port->backend_set;
  }
  L4Match found = router->match(input.server_name);
  if (trace != nullptr) trace_l4(*router, input, found, *trace);
  if (found.rule == nullptr) {
    out.reason = Reason::kRouteNotFound;
    return std::nullopt;
  }
  out.rule = found.rule;
  out.matched_name = found.name;
  return found.rule->backends.pick(input.draw);
}

std::optional<BackendSetId> choose(const Snapshot& snapshot, const DecisionInput& input, Decision& out, Trace* trace) {
  if (input.request == nullptr) return choose_l4(input, out, trace);
  const Router* router = input.service.port->router_for(input.client_ns);
  if (trace != nullptr) trace_routes(snapshot.model(), input, router, *trace);
  if (router == nullptr) return input.service.port->backend_set;
  if (const RouteCandidate* found = match_rule(*router, *input.request, trace)) {
    out.candidate = found;
    out.rule = found->rule;
    if (found->has_session && input.sessions != nullptr) {
      out.session = input.sessions->find(*found->rule->session);
      if (trace != nullptr) trace->add("session", std::string(to_text(out.session.verdict)));
      if (out.session) return found->rule->session->set(out.session.backend);
    }
    return found->pick(input.draw);
  }
  out.reason = Reason::kRouteNotFound;
  return std::nullopt;
}

// A redirect or a direct response.
bool is_answered(const Decision& decision) {
  return decision.candidate != nullptr && decision.candidate->has_filters && decision.rule->filters->answers_all();
}

void trace_backends(const Decision& decision, Trace& trace) {
  if (decision.backends == nullptr && decision) return trace.add("backend set", "none: a filter answers");
  if (decision.backends == nullptr) {
    trace.add("backend set", "none: every weight is zero, or this one leads nowhere");
    return;
  }
  size_t choices = decision.rule == nullptr ? 1 : decision.rule->spec().backends.size();
  trace.add(
      "backend set",
      str_cat(label(decision.backends->spec->key),
              choices == 1 || decision.session ? "" : str_cat(", drawn from ", std::to_string(choices), " by weight")));
}
}  // namespace

Decision decide(const Snapshot& snapshot, const DecisionInput& input, Trace* trace) {
  Decision out;
  if (trace != nullptr) trace_service(input, *trace);
  out.service = input.service.service;
  if (!input.service) {
    out.reason = Reason::kServiceUnknown;
    return out;
  }
  out.port = input.service.port;
  std::optional<BackendSetId> chosen = choose(snapshot, input, out, trace);
  if (out.reason != Reason::kNone) return out;
  if (chosen) out.backends = snapshot.backend_set(*chosen);
  if (out.backends == nullptr && !is_answered(out)) out.reason = Reason::kBackendSetMissing;
  if (trace != nullptr) trace_backends(out, *trace);
  return out;
}
}  // namespace heddle
