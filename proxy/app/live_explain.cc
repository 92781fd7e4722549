// Worker::Core::explain(): a request that is asked about, on the path of one that comes: what Exchange::begin() and
// find_route() look at, in their order, with the same objects.
#include "lib/base/strings.h"
#include "lib/decision/labels.h"
#include "proxy/app/listener_detection.h"
#include "proxy/app/worker_core.h"
#include "proxy/upstream/backend_set_view.h"
#include "proxy/upstream/hash_key.h"

namespace heddle {
namespace {
constexpr Duration kStreamIdle = 300s;  // T4, of every listener (worker_core.cc)

std::string_view text_of(InboundTls tls) noexcept {
  constexpr std::string_view kTexts[] = {"strict", "permissive", "off"};
  return kTexts[static_cast<size_t>(tls)];
}

ExplainedEndpoint explained(const SeenEndpoint& view) {
  const Endpoint& endpoint = view.endpoint;
  ExplainedEndpoint out{endpoint.address().text(), endpoint.key.identity ? endpoint.key.identity->text() : "",
                        endpoint.weight, endpoint.traits->zone, endpoint.priority};
  out.eligible = view.is_eligible;
  out.why = view.why;
  out.health = view.is_healthy ? "UP" : "DOWN";
  out.in_flight = view.in_flight;
  return out;
}

std::string limits_text(const std::vector<ExplainedLimit>& limits) {
  std::string out;
  for (const ExplainedLimit& limit : limits) {
    out.append(str_cat(out.empty() ? "" : ", ", limit.name, " ", std::to_string(limit.used), " of ",
                       std::to_string(limit.limit)));
  }
  return out;
}

std::string or_none(std::optional<Duration> time) { return time ? format_duration(*time) : std::string("none"); }

// What rule and policy come to for a request of that set.
void trace_times(const RouteTarget& target, const std::string& set, Duration stream_idle, Trace& trace) {
  std::string text =
      str_cat("request timeout ", or_none(target.request_timeout), ", of a try ", or_none(target.try_timeout),
              ", stream idle ", format_duration(target.stream_idle.value_or(stream_idle)), ", retry ",
              target.retry == nullptr ? "of what was never processed" : retry_text(*target.retry));
  if (target.hedge != nullptr) {
    text.append(str_cat(", hedge after ", format_duration(target.hedge->after),
                        target.hedge->any_method ? ", any method" : ""));
  }
  if (target.max_grpc_timeout) text.append(str_cat(", maxGrpcTimeout ", format_duration(*target.max_grpc_timeout)));
  trace.add(str_cat("in force for ", set), std::move(text));
}

// A session goes before the request that proves an endpoint, and before the balancer.
void stay(const ResourceKey& set, uint64_t session, BackendSetView& view, ExplainedBackends& out) {
  uint64_t scope = session_scope(set);
  view.is_probe = false;
  view.chosen.reset();
  for (uint32_t i = 0; i < view.endpoints.size() && !view.chosen; ++i) {
    if (session_endpoint(scope, view.endpoints[i].endpoint.address()) == session) view.chosen = i;
  }
  out.choice = "the endpoint of the request's session";
}

// Those whom nothing is sent are listed, too.
void fill_in(const BackendSetView& view, ExplainedBackends& out, Trace& trace) {
  out.reason = view.reason;
  static_assert(BackendSetView::kMostEndpoints == Explanation::kMaxEndpoints);
  out.endpoint_count = view.endpoint_count;
  out.endpoints.clear();
  for (const SeenEndpoint& endpoint : view.endpoints) out.endpoints.push_back(explained(endpoint));
  if (view.chosen && *view.chosen < out.endpoints.size()) out.endpoints[*view.chosen].chosen = true;
  if (view.is_probe) out.choice = "the endpoint whose ejection is over gets the next request";
  for (size_t i = 0; i < kCircuitResources; ++i) {
    const BackendSetView::Use& use = view.limits[i];
    out.limits.push_back({to_text(static_cast<CircuitResource>(i)), use.used, use.limit});
  }
  trace.add(str_cat("limits of ", out.name), str_cat(limits_text(out.limits), ", on this worker"));
  if (view.reason != Reason::kNone) trace.add(str_cat("endpoints of ", out.name), std::string(info(view.reason).name));
}

// "default/hello" -> default, hello
ObjectRef ref_of(const std::string& name) {
  size_t slash = name.find('/');
  return {name.substr(0, slash), name.substr(slash + 1)};
}

// What the worker knows of each set of the decision.
void fill_sets(const RouteWatch& watch, const HashFacts& facts, Explanation& out) {
  for (ExplainedBackends& backends : out.backends) {
    const BackendSetEntry* found = watch.snapshot->snapshot->find_backend_set(ref_of(backends.name));
    if (found == nullptr) continue;  // leads nowhere
    const BackendSetEntry& entry = *found;
    auto hash = hash_of(entry.spec->lb.hash_on, facts);
    BackendSetView view = watch.snapshot->backend_sets[entry.id.value()]->view(hash);
    if (is_hashing(entry.spec->lb.policy) && !hash) backends.choice = "by chance: the request has no key";
    const Decision& decision = watch.decision;
    if (decision.session && decision.backends->id == entry.id) {
      stay(entry.spec->key, decision.session.token.endpoint, view, backends);
    }
    fill_in(view, backends, out.trace);
  }
}

void trace_listener(const ExplainedSidecar& sidecar, const ListenerSettings& settings, Trace& trace) {
  std::string leads = destination_of(settings);
  trace.add("listener", str_cat(sidecar.listener, " (", sidecar.direction, ", ", sidecar.address, "), ",
                                leads.empty() ? "by Host" : str_cat("to ", leads)));
  std::string why =
      sidecar.detected.empty() ? "declared" : str_cat("found out for each connection; so far: ", sidecar.detected);
  trace.add("protocol", str_cat(sidecar.protocol, ": ", why));
}
}  // namespace

ExplainedSidecar Worker::Core::describe(size_t listener) const {
  const ListenerSettings& settings = shared_.settings.listeners[listener];
  ExplainedSidecar out;
  out.node = shared_.settings.node;
  out.worker = index_;
  out.workers = shared_.workers;
  out.listener = settings.name;
  out.direction = settings.direction == ListenerSettings::Direction::kInbound ? "inbound" : "outbound";
  out.address = served_[listener]->listener->address().text();
  out.protocol = to_text(settings.protocol);
  if (settings.protocol == PortProtocol::kAuto && shared_.detection != nullptr) {
    out.detected = to_text(shared_.detection->all()[listener].known());
  }
  return out;
}

Result<Explanation> Worker::Core::explain(const LiveQuestion& question) {
  const ListenerSettings& settings = shared_.settings.listeners[question.listener];
  if (settings.intercept) {
    return make_error(Reason::kUnsupported, str_cat("listener ", in_quotes(settings.name),
                                                    " goes by the destination of each connection; ask without --live"));
  }
  if (settings.protocol == PortProtocol::kTcp) {
    return make_error(Reason::kUnsupported, str_cat("listener ", in_quotes(settings.name), " carries opaque TCP"));
  }
  if (question.query->is_tcp()) {
    return make_error(Reason::kUnsupported, "tcp:// is not explained by a live sidecar; ask without --live");
  }
  Explanation out;
  out.sidecar = describe(question.listener);
  trace_listener(*out.sidecar, settings, out.trace);
  HEDDLE_CHECK_OK(served_[question.listener]->inbound ? explain_inbound(question, out)
                                                      : explain_outbound(question, out));
  if (pressure_ == Pressure::kFull) explain_pressure(*served_[question.listener], out);
  return out;
}

void Worker::Core::explain_pressure(const Served& served, Explanation& out) {
  if (served.overload != nullptr && served.overload->is_on()) {
    out.trace.add("overload", "under pressure: its priority decides");
    return;
  }
  out.trace.add("overload", "every request is refused now");
  out.reason = Reason::kOverload;
  out.forward.reset();
}

Result<void> Worker::Core::explain_outbound(const LiveQuestion& question, Explanation& out) {
  const ExplainQuery& query = *question.query;
  Served& served = *served_[question.listener];
  bool is_other = query.from() && !own_name_.id().empty() && query.from()->text() != own_name_.id();
  if (is_other) {
    return make_error(Reason::kBadRequest,
                      str_cat("from: this is the sidecar of ", own_name_.id(), "; ask that of ", query.from()->text()));
  }
  ConnectionInfo caller;
  RequestHead head = query.head().clone();
  HEDDLE_CHECK_OK(served.caller_fields.apply(head.fields(), caller));
  RouteWatch watch;
  watch.trace = std::move(out.trace);
  auto target = served.outbound->route_watched(head, caller, query.draw().value_or(0), watch);
  out.trace = std::move(watch.trace);
  if (watch.snapshot == nullptr) {
    out.reason = target.error().reason;
    return {};
  }
  const Snapshot& snapshot = *watch.snapshot->snapshot;
  out.version = snapshot.version();
  explain_decision(snapshot, query, watch.decision, ExplainReceivers::kNotKnown, out);
  if (target && watch.decision.backends != nullptr) {
    trace_times(*target, short_name(watch.decision.backends->spec->key), kStreamIdle, out.trace);
  }
  if (out.reason == Reason::kServiceUnknown && shared_.ask_for_service) {
    out.trace.add("service", "the first request for it asks the control plane, and waits for the answer");
  }
  fill_sets(watch, {&head, caller, own_name_.id()}, out);
  settle_backends(out);
  out.trace.add("authorization", "judged by the sidecar that receives it; ask that one for its inbound listener");
  return {};
}

Result<void> Worker::Core::explain_inbound(const LiveQuestion& question, Explanation& out) {
  const ExplainQuery& query = *question.query;
  const ListenerSettings& settings = shared_.settings.listeners[question.listener];
  const std::optional<SpiffeId>& from = query.from();
  out.trace.add("tls", std::string(text_of(settings.tls)));
  if (from && settings.tls == InboundTls::kOff) {
    return make_error(Reason::kBadRequest, "from: this listener takes plaintext, and nobody proves an id there");
  }
  auto current = config_.current();
  if (current != nullptr) out.version = current->snapshot->version();
  if (!from && settings.tls == InboundTls::kStrict) {
    out.trace.add("caller", "without an identity the handshake fails");
    out.reason = Reason::kPeerCertificateMissing;
    return {};
  }
  bool is_foreign = from && from->trust_domain_name() != authz_.identity().trust_domain_name();
  AuthzFacts facts{from ? &*from : nullptr, is_foreign, settings.forward->port(), &query.head()};
  out.reason = authz_.explain(facts, out);
  if (current != nullptr && out.reason == Reason::kNone) explain_limits(current->snapshot->model(), facts, out);
  ExplainedBackends application;
  application.name = settings.forward->text();
  application.balancer = to_text(LbPolicy::kRoundRobin);
  application.choice = "the local application";
  fill_in(served_[question.listener]->inbound->application().view(std::nullopt), application, out.trace);
  out.backends.push_back(std::move(application));
  settle_backends(out);
  return {};
}

// What comes after authorization (Exchange::find_route()): nothing is taken or counted, so that whether a limit has any
// left is not said.
void Worker::Core::explain_limits(const Model& model, const AuthzFacts& facts, Explanation& out) const {
  const SpiffeId& own = authz_.identity();
  AuthzSubject subject = authz_subject(model.workloads, own);
  subject.namespaces.insert(shared_.settings.ns);  // as RequestLimits knows us
  explain_rate_limits_at(model, subject, own.text(), *facts.request, out);
  if (out.rate_limits.empty()) out.trace.add("rate limits", "no policy counts requests of this workload");
  if (!explain_overload_at(model, own, facts, out))
    out.trace.add("priority", "none: its Workload says no spec.overload");
}
}  // namespace heddle
