// The model: what resources say, as plain structs, parsed and checked one by one. References between resources are
// names here; lib/snapshot resolves them. Every object is immutable once parsed and is shared between snapshots.
// Filled by parse.h, cross-checked by validate.h. Pure values, no loop.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "certs/domain_roots.h"
#include "certs/spiffe_id.h"
#include "lib/api/envelope.h"
#include "lib/api/resource.h"
#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/base/rare.h"
#include "lib/config/dns_source.h"
#include "lib/config/https_url.h"
#include "lib/config/load_balancing.h"
#include "lib/config/regex.h"
#include "lib/config/retry_spec.h"
#include "lib/config/route_filters.h"
#include "lib/config/session_persistence.h"
#include "lib/config/subset.h"
#include "lib/config/traffic_policy.h"

namespace heddle {
// A name of another resource.
struct ObjectRef {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectRef&) const = default;
};

// --- Service ---
enum class PortProtocol : uint8_t { kAuto, kHttp, kHttp2, kGrpc, kTcp };
std::string_view to_text(PortProtocol) noexcept;

struct ServicePort {
  std::string name;  // may be empty
  uint16_t port = 0;
  PortProtocol protocol = PortProtocol::kAuto;
  std::string backend_set;            // in the namespace of the service
  bool backend_set_is_named = false;  // by the author; else it is the name of the service
};

enum class VisibilityScope : uint8_t { kMesh, kNamespace, kIdentities };
struct Visibility {
  VisibilityScope scope = VisibilityScope::kMesh;
  std::vector<std::string> identities;  // patterns, see lib/policy/identity_match.h
};

struct ServiceSpec {
  ResourceKey key;
  std::vector<ServicePort> ports;
  Visibility visibility;
  std::vector<std::string> hosts;  // extra names, lower case, without port
  std::vector<Address> addresses;  // ClusterIPs, without port: what intercepted connections to it go to
  const ServicePort* find_port(uint16_t number) const noexcept;
};

// --- BackendSet ---
// What health and connection pools are kept by: the same address under another identity is another endpoint.
struct EndpointKey {
  Address address;
  std::optional<SpiffeId> identity;
  auto operator<=>(const EndpointKey&) const = default;
  bool operator==(const EndpointKey&) const = default;
};

// What few policies ask about an endpoint, and views show. Endpoints of one set that have the same share it.
struct EndpointTraits {
  std::string zone;
  Labels labels;
  auto operator<=>(const EndpointTraits&) const = default;
};

struct Endpoint {
  EndpointKey key;
  uint32_t weight = 1;   // 0: gets nothing
  uint8_t priority = 0;  // levels are used in rising order, see proxy/lb/level_loads.h
  // The author said `tls: plaintext` of it: it has no sidecar, though its set is mtls. Then it has no identity.
  bool is_plaintext = false;
  Rare<EndpointTraits> traits;
  const Address& address() const noexcept { return key.address; }
  bool operator==(const Endpoint&) const = default;
};

enum class UpstreamTls : uint8_t { kMtls, kPlaintext };
enum class UpstreamProtocol : uint8_t { kAuto, kHttp1, kHttp2, kTcp };
std::string_view to_text(UpstreamTls) noexcept;

struct BackendSetSpec {
  ResourceKey key;
  std::vector<Endpoint> endpoints;  // may be empty: that is "nobody there", not an error
  std::optional<DnsSource> dns;     // where the sidecar finds them instead; then `endpoints` is empty here
  UpstreamTls tls = UpstreamTls::kMtls;
  UpstreamProtocol protocol = UpstreamProtocol::kAuto;
  LbSpec lb;
  std::string health_policy;  // in the same namespace; empty: whatever policy targets this set
  Rare<SubsetSpec> subset{};  // of another set; its endpoints, tls and protocol: see effective_backend_set.h
  bool says_lb = false;       // the author did; a subset that does not has its parent's
};

// How an endpoint of the set is spoken to: as the set says, unless it is plaintext itself.
UpstreamTls tls_of(const BackendSetSpec&, const Endpoint&) noexcept;

// --- HTTPRoute ---
enum class PathMatchType : uint8_t { kExact, kPrefix, kTemplate, kRegex };  // kTemplate: of AuthorizationPolicies only
std::string_view to_text(PathMatchType) noexcept;
struct PathMatch {
  PathMatchType type = PathMatchType::kPrefix;
  std::string value = "/";
  Regex regex{};  // of kRegex: `value`, compiled
};
struct NameValueMatch {
  std::string name;  // of a header: lower case
  std::string value;
  Regex regex{};  // of a RegularExpression: `value`, compiled
  bool operator==(const NameValueMatch&) const = default;
};
struct MatchConditions {
  std::string method;  // empty: any
  std::vector<NameValueMatch> headers;
  std::vector<NameValueMatch> query;
  bool operator==(const MatchConditions&) const = default;
};
// What a match of a GRPCRoute asks of the method, as its author wrote it; the path of the match says the same.
struct GrpcMethodMatch {
  bool is_regex = false;
  std::string service;  // empty: any
  std::string method;   // empty: any
  bool operator==(const GrpcMethodMatch&) const = default;
};
struct HttpMatch {
  PathMatch path;
  Rare<MatchConditions> conditions;  // beside the path
  Rare<GrpcMethodMatch> grpc{};      // of a GRPCRoute
};
enum class BackendKind : uint8_t { kBackendSet, kService };
struct WeightedBackend {
  BackendKind kind = BackendKind::kBackendSet;
  ObjectRef ref;
  uint16_t port = 0;  // of a service
  uint32_t weight = 1;
  Rare<BackendFilters> filters{};
  bool operator==(const WeightedBackend&) const = default;
};
// A filter of a rule: a share of its requests goes to `to` as well, whose answers nobody sees (lib/routing/mirrors.h).
struct RequestMirror {
  WeightedBackend to;  // a kind, a name, a port; nothing else is said of it
  uint32_t numerator = 100;
  uint32_t denominator = 100;  // never 0
  uint8_t filter = 0;          // its place among the filters of the rule, for problems
  bool operator==(const RequestMirror&) const = default;
};
struct RouteTimeouts {  // zero: switched off; absent: the proxy's default
  std::optional<Duration> request;
  std::optional<Duration> backend_request;
};
struct HttpRouteRule {
  std::string name;
  std::vector<HttpMatch> matches;         // at least one, but of a TCPRoute or TLSRoute
  std::vector<WeightedBackend> backends;  // empty only where a filter answers
  RouteTimeouts timeouts;
  std::optional<RetrySpec> retry;
  Rare<RuleFilters> filters{};
  Rare<std::vector<RequestMirror>> mirrors{};
  Rare<SessionPersistenceSpec> session{};
};
struct ParentRef {
  ObjectRef service;
  std::optional<uint16_t> port;  // absent: every port
};
// An HTTPRoute; or a GRPCRoute, whose methods are paths "/service/method"; or a TCPRoute or TLSRoute, whose only rule
// has backends and no matches. Which one, its key says.
struct HttpRouteSpec {
  ResourceKey key;
  std::optional<WallTime> created;
  std::vector<ParentRef> parents;
  // GAMMA: where the parent is a Service, nothing is inferred from hostnames. Checked, shown, never matched; but those
  // of a TLSRoute are what it asks of the SNI.
  std::vector<std::string> hostnames;
  std::vector<HttpRouteRule> rules;
};

// --- HealthPolicy ---
enum class CheckKind : uint8_t { kHttp, kTcp, kGrpc };
std::string_view to_text(CheckKind) noexcept;  // "http"
struct StatusRange {
  uint16_t first = 200;
  uint16_t last = 299;
  bool operator==(const StatusRange&) const = default;
};
// The defaults find a crashed worker within 3 s: two failed checks, one second apart, of at most one second.
struct ActiveCheck {
  CheckKind kind = CheckKind::kTcp;
  std::string method = "GET";
  std::string path = "/";
  std::string host;     // empty: the address
  std::string service;  // of kGrpc; empty: the server as a whole
  std::vector<StatusRange> expected{StatusRange{}};
  Duration interval = 1s;
  Duration unhealthy_interval{};   // while this check fails; zero: as interval
  Duration no_traffic_interval{};  // while it passes and nobody sent anything; zero: as interval
  Duration timeout = 1s;
  uint32_t unhealthy_threshold = 2;
  uint32_t healthy_threshold = 1;
  double jitter = 0.1;  // part of the interval
  bool operator==(const ActiveCheck&) const = default;
};
// Passive: endpoints that fail more than others get nothing for a while. The defaults are what users of other proxies
// know (defaults.md: 5 errors, 10 s, 30 s, 300 s, 10 %).
struct OutlierSuccessRate {
  uint32_t minimum_requests = 100;  // of an endpoint in an interval; it is not judged with fewer
  uint32_t minimum_endpoints = 5;   // that can be judged; else nobody is
  double stdev_factor = 1.9;        // ejected below mean - factor x standard deviation
  bool operator==(const OutlierSuccessRate&) const = default;
};
struct OutlierLatency {
  double factor = 3;  // ejected above factor x median of the endpoints' means
  uint32_t minimum_requests = 100;
  bool operator==(const OutlierLatency&) const = default;
};
struct OutlierSpec {
  uint32_t consecutive_errors = 5;          // 0: not judged
  uint32_t consecutive_gateway_errors = 0;  // 0: not judged
  std::optional<OutlierSuccessRate> success_rate;
  std::optional<OutlierLatency> latency;
  Duration interval = 10s;
  Duration base_ejection_time = 30s;
  Duration max_ejection_time = 300s;
  uint32_t max_ejected_percent = 10;
  double jitter = 0.1;  // part of the ejection time that chance adds at most
  bool operator==(const OutlierSpec&) const = default;
};
struct HealthPolicySpec {
  ResourceKey key;
  std::vector<std::string> targets;  // backend sets of the same namespace
  std::vector<ActiveCheck> active;
  std::optional<OutlierSpec> outlier;
};

// --- AuthorizationPolicy ---
// A list that is absent asks nothing; one that is empty matches nothing (reliability CFG-025).
template <class T>
using AuthzList = std::optional<std::vector<T>>;

// Who calls: every part that is there must fit.
struct AuthzSource {
  AuthzList<std::string> identities;  // patterns, see lib/policy/identity_match.h
  AuthzList<std::string> namespaces;  // of ids of the own trust domain
  bool authenticated = false;         // anybody who proved an id
};
struct AuthzHeader {
  std::string name;                  // lower case
  std::optional<std::string> value;  // absent: any
};
// What is called: every part that is there must fit, of headers each one.
struct AuthzOperation {
  AuthzList<std::string> methods;
  AuthzList<PathMatch> paths;  // of a prefix without its trailing '/'
  AuthzList<uint16_t> ports;   // of the application
  AuthzList<AuthzHeader> headers;
};
struct AuthzRule {
  AuthzList<AuthzSource> from;  // one of them
  AuthzList<AuthzOperation> to;
};
enum class AuthzAction : uint8_t { kAllow, kDeny, kAudit };
enum class AuthzDefault : uint8_t { kAllowAll, kMeshOnly, kDenyAll };
std::string_view to_text(AuthzAction) noexcept;
std::string_view to_text(AuthzDefault) noexcept;
struct AuthzTarget {
  Kind kind = Kind::kService;  // or kWorkload
  std::string name;            // in the namespace of the policy
};
// Either rules and what they do, or the default of its namespace (of the mesh: kMeshNamespace).
struct AuthorizationPolicySpec {
  ResourceKey key;
  std::optional<AuthzTarget> target;  // absent: every workload of the namespace
  AuthzAction action = AuthzAction::kAllow;
  std::vector<AuthzRule> rules;
  std::optional<AuthzDefault> default_action;
};
// The namespace whose default is the mesh's.
inline constexpr std::string_view kMeshNamespace = "heddle-system";

// --- RateLimitPolicy ---
// How often requests may come; of each value of its keys for itself. lib/policy/rate_limit.h says what is counted.
struct RateLimit {
  std::string name;                // unique in the policy
  std::vector<HttpMatch> matches;  // of a prefix without its trailing '/'; one of them; none: every request
  bool by_identity = false;        // of the caller
  std::vector<std::string> by;     // values of these headers, lower case
  uint32_t requests = 1;
  Duration per = 1s;
  uint32_t burst = 1;
  bool has_keys() const noexcept { return by_identity || !by.empty(); }
};
struct RateLimitPolicySpec {
  ResourceKey key;
  std::optional<AuthzTarget> target;  // absent: every workload of the namespace
  bool enforces = true;               // false: it only counts
  std::vector<RateLimit> limits;      // at least one
};

// --- Workload ---
struct OverloadSpec;  // lib/config/overload.h
struct WorkloadSpec {
  ResourceKey key;
  std::optional<SpiffeId> identity;
  std::vector<std::string> services;             // of the same namespace
  std::shared_ptr<const OverloadSpec> overload;  // null: nothing is limited
};

// --- FederatedTrustDomain ---
enum class BundleProfile : uint8_t { kHttpsWeb, kHttpsSpiffe };  // SPIFFE Federation §5.2
std::string_view to_text(BundleProfile) noexcept;                // "https_web"
// Where the newest bundle of the domain is to be had. Never inferred from its name (§5.1).
struct FederationEndpoint {
  HttpsUrl url;
  BundleProfile profile = BundleProfile::kHttpsWeb;
  std::optional<SpiffeId> id;  // of kHttpsSpiffe: who must answer
};
// Whom the control plane trusts beside its own domain. No sidecar gets it as configuration.
struct FederatedTrustDomainSpec {
  ResourceKey key;
  std::optional<TrustDomain> trust_domain;     // set once parsed
  std::optional<FederationEndpoint> endpoint;  // this or bundle, or both
  DomainRoots::Ptr bundle;                     // null: none given; counts until the endpoint answered
  std::string bundle_text;                     // JWK Set, only what we use
};

template <class T>
using SpecMap = std::map<ResourceKey, std::shared_ptr<const T>>;

struct Model {
  SpecMap<ServiceSpec> services;
  SpecMap<BackendSetSpec> backend_sets;
  SpecMap<HttpRouteSpec> http_routes;  // and GRPCRoutes, which are routed alike, TCPRoutes and TLSRoutes
  SpecMap<HealthPolicySpec> health_policies;
  SpecMap<TrafficPolicySpec> traffic_policies;
  SpecMap<AuthorizationPolicySpec> authorization_policies;
  SpecMap<WorkloadSpec> workloads;
  SpecMap<FederatedTrustDomainSpec> federated_domains;
  SpecMap<HttpRouteFilterSpec> http_route_filters;
  SpecMap<RateLimitPolicySpec> rate_limit_policies;
  void erase(const ResourceKey&);
  size_t size() const noexcept;
};

// nullptr when there is none of that name.
template <class T>
const T* find_spec(const SpecMap<T>& map, Kind kind, const ObjectRef& ref) {
  auto it = map.find(ResourceKey{kind, ref.ns, ref.name});
  return it == map.end() ? nullptr : it->second.get();
}

// The backend set that a backend means; a Service as a backend means its endpoints (GAMMA). Only of a validated model.
ObjectRef backend_set_of(const Model&, const WeightedBackend&);

inline constexpr size_t kMaxEndpoints = 100'000;
inline constexpr size_t kMaxServicePorts = 64;
inline constexpr size_t kMaxServiceHosts = 64;
inline constexpr size_t kMaxServiceAddresses = 16;
inline constexpr int64_t kMaxWeight = 1'000'000;
inline constexpr size_t kMaxRouteParents = 32;
inline constexpr size_t kMaxRouteHostnames = 16;
inline constexpr size_t kMaxRouteRules = 16;
inline constexpr size_t kMaxRuleMatches = 64;
inline constexpr size_t kMaxRouteMatches = 128;  // of all rules together
inline constexpr size_t kMaxMatchFields = 16;
inline constexpr size_t kMaxRuleBackends = 16;
inline constexpr size_t kMaxRetryCodes = 200;
inline constexpr size_t kMaxPathValue = 1024;
inline constexpr size_t kMaxRouteRegexes = 64;  // of all matches of a route together
inline constexpr size_t kMaxActiveChecks = 4;
inline constexpr size_t kMaxAuthzRules = 64;          // of a policy
inline constexpr size_t kMaxAuthzEntries = 64;        // of `from` and of `to` of a rule
inline constexpr size_t kMaxAuthzValues = 256;        // of a list in one of those
inline constexpr size_t kMaxRateLimits = 16;          // of a policy
inline constexpr size_t kMaxWorkloadRateLimits = 64;  // of all policies of a workload together
inline constexpr size_t kMaxRateMatches = 16;         // of a limit
inline constexpr size_t kMaxRateHeaders = 4;          // of the keys of a limit
inline constexpr size_t kMaxRateRegexes = 16;         // of all matches of a policy together
inline constexpr int64_t kMaxRateRequests = 1'000'000;

// One thing that is wrong with one resource of a set.
struct ResourceProblem {
  ResourceKey key;
  Problem problem;
  std::string text() const;  // HTTPRoute default/hello: spec.rules[0].backendRefs[1].name: no BackendSet ...
};
struct ConfigProblems {
  std::vector<ResourceProblem> items;
  bool empty() const noexcept { return items.empty(); }
  void add(const ResourceKey&, std::string path, std::string message);
  void add_all(const ResourceKey&, const Problems&);
  std::string text() const;  // one per line
  Error to_error() const;
};
}  // namespace heddle

template <>
struct std::hash<heddle::EndpointKey> {
  size_t operator()(const heddle::EndpointKey& key) const noexcept {
    size_t identity = key.identity ? std::hash<heddle::SpiffeId>{}(*key.identity) : 0;
    return key.address.hash() ^ (identity * 0x9e3779b97f4a7c15ULL);
  }
};
