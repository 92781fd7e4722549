// explain(): what would become of a request, and why: decide() with a trace, and everything the draw could choose from;
// with a draw, what comes of that one, to the last byte of the path. Of snapshot and query alone it knows configuration
// only: not health or load; a live sidecar fills in what it knows (proxy/app/live_explain.h). Who asks (`from`) is
// authorized as the sidecars of the endpoints would do it, as far as that is configuration: which port an application
// has is not. A pure function; control plane, command line and a sidecar's admin call it, the proxy's request path
// never does. Limit: 1,000 endpoints of a backend set are listed, all are counted.
#pragma once
#include "lib/decision/decide.h"
#include "lib/decision/explain_query.h"
#include "lib/policy/authz.h"

namespace heddle {
struct ExplainedEndpoint {
  static constexpr std::string_view kNotLive = "unknown: not live";
  std::string address;
  std::string identity;  // empty: none is asked for
  uint32_t weight = 1;
  std::string zone{};
  uint8_t priority = 0;
  bool eligible = true;  // it may be chosen; why not, or why although it is not healthy, says `why`
  std::string why{};
  std::string health{kNotLive};         // "UP", "DOWN", "no check"
  std::optional<uint32_t> in_flight{};  // absent: not live
  bool chosen = false;                  // where the choice is no matter of chance: this one
};

// A limit of a set, and how much of it is used.
struct ExplainedLimit {
  std::string_view name;  // "requests"
  uint32_t used = 0;
  uint32_t limit = 0;  // of the worker that answered
};

// A filter in force: what it is and what it does to this request.
struct ExplainedFilter {
  std::string kind;    // "URLRewrite"; of an HTTPRouteFilter "DirectResponse", "FaultDelay", "FaultAbort"
  std::string effect;  // "path becomes /b/c"
};

// How the rule keeps sessions, and what the token of this request means. Times and health are told, not judged, where
// nobody knows them; a live sidecar judges both.
struct ExplainedSession {
  SessionType type = SessionType::kCookie;
  std::string name;  // of the cookie or header
  std::string path;  // of the cookie
  std::optional<Duration> absolute;
  std::optional<Duration> idle;
  bool permanent = false;
  SessionVerdict verdict = SessionVerdict::kNone;  // not live: kNone, kMalformed, kForeign, kGone, kValid
  std::string backend_set;                         // from here on of a token of this rule
  std::string endpoint;                            // address; empty: not there, or only the sidecar knows it (DNS)
  bool is_dns = false;                             // the set's endpoints are not listed
  std::optional<WallTime> begun;
  std::optional<WallTime> expires;
  std::optional<WallTime> idle_expires;
};

struct ExplainedBackends {
  std::string name;  // "default/hello"
  uint32_t weight = 1;
  double percent = 100;           // of the requests that obey this rule
  Reason reason = Reason::kNone;  // kNoHealthyEndpoint: no endpoint is eligible; live: a limit that is reached
  std::string traffic_policy;     // "default/hello"; empty: the sidecars' defaults
  size_t endpoint_count = 0;
  std::vector<ExplainedEndpoint> endpoints;
  std::string dns;       // the name whose records the sidecar takes instead; empty: the endpoints are listed
  std::string identity;  // with `dns`: of each of them; empty: none is asked for
  std::vector<ExplainedFilter> filters;  // of the backendRef
  std::string balancing;                 // "maglev by cookie session"; empty: as the set itself says
  std::string subset_of;                 // "default/hello"; empty: it is no subset
  std::string balancer{};                // "peakEwma"
  std::string choice{};                  // how one is chosen: "by chance", "by the hash of the request's key"
  bool drawn = false;                    // by the question's draw
  std::vector<ExplainedLimit> limits{};  // empty: not live
};

// A RequestMirror of the rule. Its endpoints are not judged: nobody waits for them.
struct ExplainedMirror {
  std::string name;             // of the backend set
  double percent = 0;           // of the requests that obey this rule
  std::optional<bool> drawn{};  // whether this one is copied; absent: no draw was asked about
};

// What the sidecars of one identity would say to `from`.
struct ExplainedAuthorization {
  enum class Verdict : uint8_t { kAllowed, kDenied, kDependsOnPort };
  std::string identity;
  Verdict verdict = Verdict::kAllowed;
  std::string policy;  // "default/cart"; empty: none decided
  std::string rule;    // "2", or a word of AuthzCause: "default", "none", "foreign" (that one without a policy, too)
};
std::string_view to_text(ExplainedAuthorization::Verdict) noexcept;  // "allowed", "denied", "depends-on-port"

// A limit that the sidecars of one identity would ask. Whether it has any left, only they know.
struct ExplainedRateLimit {
  std::string identity;
  std::string policy;  // "default/hello"
  std::string limit;
  std::string rate;  // "100 per 1s, burst 200, by sourceIdentity"
  bool enforces = true;
  std::string why_not;  // empty: it counts the request
};

// What the backend is sent; of a question with a draw whose request is sent on.
struct ExplainedForward {
  std::string host;
  std::string path;
};

// The sidecar that answered.
struct ExplainedSidecar {
  std::string node{};
  uint32_t worker = 0;
  uint32_t workers = 1;
  std::string listener{};
  std::string_view direction{};
  std::string address{};
  std::string protocol{};  // as declared: "auto"
  std::string detected{};  // of "auto": what its connections turned out to be: "http", "nothing"
  std::string source{};    // of the configuration: "files", "control"
};

struct Explanation {
  static constexpr size_t kMaxEndpoints = 1000;
  Version version;  // of the snapshot; zero: of files
  // As the sidecar would answer; kNone: the request would be sent on. kServiceUnknown, kRouteNotFound,
  // kBackendSetMissing, kNoHealthyEndpoint (of every set that may be drawn), kAuthzDenied (by all of them); where a
  // filter answers kRouteRedirect, kDirectResponse, kCorsPreflight, kFaultAbort (of every request), kBadRequest (the
  // rewrite). With a draw: of that draw.
  Reason reason = Reason::kNone;
  std::optional<uint16_t> status;  // of a filter's answer, where the reason does not say it
  std::string service;             // "default/hello"; empty: unknown
  uint16_t port = 0;
  std::string route;            // empty: no rule was found or asked
  std::string_view route_kind;  // "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"
  std::optional<uint32_t> rule;
  std::string rule_name;
  std::string match;  // "PathPrefix /a", "SNI *.example", "every connection"
  std::vector<ExplainedFilter> filters;
  std::optional<ExplainedSession> session;
  std::vector<ExplainedBackends> backends;
  std::vector<ExplainedMirror> mirrors;                // each of them stands among the filters, too
  std::vector<ExplainedAuthorization> authorizations;  // one per identity of the endpoints; empty: not judged
  std::vector<ExplainedRateLimit> rate_limits;         // of those, where authorization lets the request in
  Trace trace;
  std::optional<ExplainedForward> forward{};
  std::optional<ExplainedSidecar> sidecar{};  // absent: not live
};

Explanation explain(const Snapshot&, const ExplainQuery&);

// Whether what the receivers of the request would say is told; a live sidecar of the caller does not know their
// policies.
enum class ExplainReceivers : uint8_t { kJudged, kNotKnown };
// The rest, once it was decided with `out.trace`: rule, sets, filters, authorization, the draw's own answer.
void explain_decision(const Snapshot&, const ExplainQuery&, const Decision&, ExplainReceivers, Explanation& out);
// The verdict anew where nothing but the backend sets can still refuse: when a live sidecar has filled them in.
void settle_backends(Explanation& out);

// The endpoints as the configuration has them; in explain_endpoints.cc.
std::vector<ExplainedEndpoint> explain_endpoints(const BackendSetSpec&);
// Which timeouts and retries the rule names; which limits and times the set has; in explain_traffic.cc.
std::string retry_text(const RetrySpec&);  // "up to 2 after 502 503, backoff 25ms"
void explain_limits(const HttpRouteRule&, Trace&);
void explain_traffic(const BackendSetEntry&, ExplainedBackends&, Trace&);
// Of which set it is a subset, and who says how it balances where that is not the set alone; in explain_balancing.cc.
void explain_balancing(const BackendSetEntry&, ExplainedBackends&, Trace&);
// What it says about authorization, added to what is found already; in explain_authz.cc. `forwarded`: the request as it
// is sent on, which is what is judged; nullptr: an opaque connection.
void explain_authorization(const Model&, const ExplainQuery&, const RequestHead* forwarded, Explanation&);
// What these policies (nullptr: none protects it) say, each rule and the verdict traced. Changes and counts nothing.
ExplainedAuthorization explain_verdict(const AuthzSet*, const std::string& receiver, const AuthzFacts&, Trace&);
// The limits of the endpoints' workloads, in the order in which they are asked; in explain_rate_limits.cc.
void explain_rate_limits(const Model&, const RequestHead& forwarded, Explanation&);
// Those of one receiver, as it knows itself.
void explain_rate_limits_at(const Model&, const AuthzSubject&, const std::string& receiver, const RequestHead&,
                            Explanation&);
// The priority of the request where it is received, and what that is worth; in explain_overload.cc. Its answer is not
// known here: it depends on load.
void explain_overload(const Model&, const ExplainQuery&, const RequestHead& forwarded, Explanation&);
// That of one receiver; `facts` must have the request. False: its Workload says nothing about overload.
bool explain_overload_at(const Model&, const SpiffeId& receiver, const AuthzFacts& facts, Explanation&);
// The filters of the rule and of its backends, and an answer of theirs; what the rule changes is changed in
// `forwarded`; in explain_filters.cc.
void explain_filters(const Snapshot&, const Decision&, RequestHead& forwarded, Explanation&);
// Of a rule that keeps sessions, by the session that was found; in explain_session.cc.
void explain_session(const Snapshot&, const Decision&, Explanation&);
// What decide() does where somebody knows times and health, for those who know neither: a token of the rule is good
// while its set lists the endpoint, and chooses the set.
void follow_session(const Snapshot&, const RequestHead&, Decision&);
// What becomes of the request whose draw is `draw`: which set, what a filter answers, what is sent; `forwarded` becomes
// that; in explain_draw.cc.
void explain_draw(const Decision&, uint64_t draw, RequestHead& forwarded, Explanation&);

// The question, the answer and every step, as docs/api.md has it.
std::string explanation_json(const ExplainQuery&, const Explanation&);
}  // namespace heddle
