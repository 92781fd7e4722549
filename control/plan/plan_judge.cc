#include "control/plan/plan_judge.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/decision/labels.h"
#include "lib/policy/visibility.h"
#include "lib/routing/route_filters.h"
#include "lib/routing/session_persistence.h"

namespace heddle {
namespace {
std::string_view without_query(std::string_view target) { return target.substr(0, target.find('?')); }

void add_all(std::vector<std::string>& out, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
}

void answer(Reason reason, uint16_t status, PlanAnswer& out) {
  out.reason = reason;
  out.status = status;
}
void answer(Reason reason, PlanAnswer& out) { answer(reason, info(reason).status, out); }

// The rules before the one that was found, which unknown fields might fit.
void note_matches(const Router& router, const Decision& decision, const KeptRequest& request, PlanAnswer& out) {
  router.match(request.facts(), [&](const RouteCandidate& candidate, MatchVerdict verdict) {
    bool may_fit = !verdict && verdict.mismatch != Mismatch::kPath && candidate.conditions != nullptr;
    if (may_fit && candidate.rule != decision.rule)
      add_all(out.unknown, unknown_conditions(*candidate.conditions, request));
  });
}

// A request without a token is drawn; one that may have one goes where that says.
void note_session(const Decision& decision, const KeptRequest& request, PlanAnswer& out) {
  if (decision.candidate == nullptr || !decision.candidate->has_session || decision.rule->backends.only()) return;
  const SessionPersistence& session = *decision.rule->session;
  bool is_cookie = session.spec().type == SessionType::kCookie;
  std::string_view carrier = is_cookie ? std::string_view("cookie") : std::string_view(session.name());
  bool is_absent = request.knows_presence(carrier);
  if (is_absent && !is_cookie) is_absent = !request.head().fields().get(carrier).has_value();
  if (is_absent && is_cookie) is_absent = request.head().fields().get("cookie present") != "1";
  if (!is_absent) out.unknown.push_back(str_cat("session ", is_cookie ? "cookie " : "header ", session.name()));
}

void redirect(const Decision& decision, const KeptRequest& request, PlanAnswer& out) {
  ResponseHead made(request.head().fields().pool());
  Result<void> written = decision.rule->filters->write_redirect(request.head(), decision.port->number, made);
  if (!written) return answer(written.error().reason, out);
  answer(Reason::kRouteRedirect, made.status, out);
  out.sent_as = without_query(made.fields().get(HeaderName::kLocation).value_or(""));
}

// False: a filter answers.
bool run_filters(const Decision& decision, uint64_t draw, const KeptRequest& request, PlanAnswer& out) {
  const RouteFilters& filters = *decision.rule->filters;
  add_all(out.unknown, unknown_filters(filters, request));
  switch (filters.answer_to(request.head(), draw)) {
    case LocalAnswer::kPreflight:
      answer(Reason::kCorsPreflight, out);
      return false;
    case LocalAnswer::kAbort:
      answer(Reason::kFaultAbort, filters.abort()->status, out);
      return false;
    case LocalAnswer::kRedirect:
      redirect(decision, request, out);
      return false;
    case LocalAnswer::kDirectResponse:
      answer(Reason::kDirectResponse, filters.direct_response()->status, out);
      return false;
    case LocalAnswer::kNone:
      break;
  }
  RequestHead forwarded = request.head().clone();
  Result<void> changed = filters.apply_to_request(forwarded, decision.backend_number(draw));
  if (!changed) {
    answer(changed.error().reason, out);
    return false;
  }
  bool is_same = forwarded.authority() == request.head().authority() &&
                 without_query(forwarded.path()) == without_query(request.head().path());
  if (!is_same) out.sent_as = str_cat(forwarded.authority(), without_query(forwarded.path()));
  return true;
}

std::string policy_text(const AuthzVerdict& verdict) {
  if (verdict.policy == nullptr) return {};
  std::string_view cause = to_text(verdict.cause);
  std::string rule = verdict.cause == AuthzCause::kRule ? std::to_string(verdict.rule) : std::string(cause);
  return str_cat((*verdict.policy)->key.text(), "#", rule);
}

void count_limits(const std::vector<SelectedRateLimit>& limits, const KeptRequest& request, PlanAnswer& out) {
  for (const SelectedRateLimit& limit : limits) {
    add_all(out.unknown, unknown_limit(limit.limit(), request));
    if (!check_rate_limit(limit.limit(), request.facts())) continue;
    out.limits.push_back(str_cat(limit.policy->key.text(), " ", limit.limit().name));
  }
}
}  // namespace

bool PlanPolicies::operator==(const PlanPolicies& other) const {
  bool same_authz = authz == nullptr || other.authz == nullptr ? authz == other.authz : *authz == *other.authz;
  return same_authz && limits == other.limits;
}

// What a listener for one service calls its port is not kept: that of the host if the service has it, else as of a host
// without one.
ServiceRef PlanJudge::find_service(const RequestFact& fact) const {
  if (fact.service.empty()) return snapshot_->resolve(fact.host, fact.ns);
  Result<ResourceKey> key = ResourceKey::parse(fact.service);
  if (!key) return {};
  std::string name = str_cat(key->name, ".", key->ns);
  std::optional<HostPort> asked = split_authority(fact.host);
  if (asked && asked->port) {
    ServiceRef found = snapshot_->resolve(str_cat(name, ":", std::to_string(*asked->port)), fact.ns);
    if (found) return found;
  }
  return snapshot_->resolve(name, fact.ns);
}

bool PlanJudge::may_see(const ServiceSpec& service, const RequestFact& fact) const {
  Result<SpiffeId> id = SpiffeId::parse(fact.peer);
  if (service.visibility.scope == VisibilityScope::kMesh || !id || is_visible(service, *id)) return true;
  const auto& workloads = snapshot_->model().workloads;
  return std::any_of(workloads.begin(), workloads.end(), [&](const auto& entry) {
    const WorkloadSpec& workload = *entry.second;
    bool is_own = workload.key.ns == service.key.ns && workload.identity == *id;
    return is_own && std::count(workload.services.begin(), workload.services.end(), service.key.name) > 0;
  });
}

PlanAnswer PlanJudge::outbound(const RequestFact& fact, const KeptRequest& request) const {
  PlanAnswer out;
  ServiceRef service = find_service(fact);
  if (service.service != nullptr && !may_see(*service.service->spec, fact)) service = {};
  RequestFacts facts = request.facts();
  DecisionInput input{service, fact.ns, request.is_connection() ? nullptr : &facts, fact.draw};
  Decision decision = decide(*snapshot_, input);
  if (decision.service != nullptr) out.service = short_name(decision.service->spec->key);
  if (decision.rule != nullptr)
    out.route = str_cat(decision.rule->route->key.text(), "#", std::to_string(decision.rule->index));
  if (request.is_connection()) {
    const L4Router* router = service ? service.port->l4_router_for(fact.ns) : nullptr;
    if (router != nullptr && router->asks_server_name()) out.unknown.emplace_back("server name (SNI)");
  } else if (const Router* router = service ? service.port->router_for(fact.ns) : nullptr) {
    note_matches(*router, decision, request, out);
    note_session(decision, request, out);
  }
  if (!decision) {
    answer(decision.reason, out);
    return out;
  }
  bool has_filters = decision.candidate != nullptr && decision.candidate->has_filters;
  if (has_filters && !run_filters(decision, fact.draw, request, out)) return out;
  if (decision.backends != nullptr) out.backend_set = decision.backends->spec->key.text();
  return out;
}

const PlanPolicies& PlanJudge::policies_of(const std::string& receiver, const std::string& ns) {
  auto [at, is_new] = policies_.try_emplace({receiver, receiver.empty() ? ns : std::string()});
  if (!is_new) return at->second;
  const Model& model = snapshot_->model();
  AuthzSubject subject;
  Result<SpiffeId> id = SpiffeId::parse(receiver);
  if (id) {
    subject = authz_subject(model.workloads, *id);
  } else {
    subject.namespaces.insert(ns);
  }
  at->second = {select_authz(model, subject), select_rate_limits(model, subject)};
  return at->second;
}

PlanAnswer PlanJudge::inbound(const RequestFact& fact, const KeptRequest& request, const PlanPolicies& policies,
                              std::string_view own) const {
  PlanAnswer out;
  Result<SpiffeId> peer = SpiffeId::parse(fact.peer);
  AuthzFacts facts{peer ? &*peer : nullptr, peer && peer->trust_domain_name() != own, fact.port,
                   request.is_connection() ? nullptr : &request.head()};
  AuthzVerdict verdict = policies.authz == nullptr ? authorize_unprotected(facts) : authorize(*policies.authz, facts);
  if (policies.authz != nullptr) out.unknown = unknown_authorization(*policies.authz, facts, request);
  out.policy = policy_text(verdict);
  if (!verdict.allowed) {
    answer(Reason::kAuthzDenied, out);
  } else if (!request.is_connection()) {
    count_limits(policies.limits, request, out);
  }
  return out;
}

std::vector<std::string> PlanJudge::receivers_of(const RequestFact& fact) const {
  std::vector<std::string> out;
  const ServiceEntry* service = snapshot_->resolve(fact.host, fact.ns).service;
  if (service == nullptr) return out;
  for (const auto& [key, workload] : snapshot_->model().workloads) {
    const auto& names = workload->services;
    bool serves = key.ns == service->spec->key.ns &&
                  std::find(names.begin(), names.end(), service->spec->key.name) != names.end();
    if (serves && workload->identity) out.push_back(workload->identity->text());
  }
  return out;
}
}  // namespace heddle
