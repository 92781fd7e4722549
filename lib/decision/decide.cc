#include "lib/decision/decide.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string label(const ResourceKey& key) { return str_cat(info(key.kind).name, " ", key.ns, "/", key.name); }
std::string label(const RouteRule& rule) {
  const std::string& name = rule.spec().name;
  return str_cat(label(rule.route->key), " rule ", std::to_string(rule.index), name.empty() ? "" : " (", name,
                 name.empty() ? "" : ")");
}

const RouteCandidate* match_rule(const Router& router, const RequestFacts& facts, Trace* trace) {
  if (trace == nullptr) return router.match(facts);
  return router.match(facts, [&](const RouteCandidate& candidate, Mismatch mismatch) {
    const PathMatch& path = candidate.match().path;
    std::string_view type = path.type == PathMatchType::kExact ? " Exact " : " PathPrefix ";
    trace->add(str_cat(label(*candidate.rule), type, path.value), std::string(to_text(mismatch)));
  });
}

std::optional<BackendSetId> choose(const DecisionInput& input, Decision& out, Trace* trace) {
  const Router* router = input.request == nullptr ? nullptr : input.service.port->router_for(input.client_ns);
  if (router == nullptr) {
    if (trace != nullptr) trace->add("routes", "none attached: the port's backend set");
    return input.service.port->backend_set;
  }
  if (const RouteCandidate* found = match_rule(*router, *input.request, trace)) {
    out.candidate = found;
    out.rule = found->rule;
    return found->pick(input.draw);
  }
  if (trace != nullptr) trace->add("routes", "no rule matches");
  out.reason = Reason::kRouteNotFound;
  return std::nullopt;
}
}  // namespace

Decision decide(const Snapshot& snapshot, const DecisionInput& input, Trace* trace) {
  Decision out;
  if (!input.service) {
    out.reason = Reason::kServiceUnknown;
    if (trace != nullptr) trace->add("service", "unknown");
    return out;
  }
  out.service = input.service.service;
  out.port = input.service.port;
  if (trace != nullptr) {
    trace->add("service", str_cat(label(out.service->spec->key), " port ", std::to_string(out.port->port.port)));
  }
  std::optional<BackendSetId> chosen = choose(input, out, trace);
  if (out.reason != Reason::kNone) return out;
  if (chosen) out.backends = snapshot.backend_set(*chosen);
  if (out.backends == nullptr) out.reason = Reason::kBackendSetMissing;
  if (trace != nullptr) {
    trace->add("backend set", out.backends == nullptr ? "none: every weight is zero or no set is named"
                                                      : label(out.backends->spec->key));
  }
  return out;
}
}  // namespace heddle
