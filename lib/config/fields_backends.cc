// Rows of Service, BackendSet, Workload and FederatedTrustDomain.
#include "lib/config/fields_detail.h"
#include "lib/config/overload.h"

namespace heddle::detail {
namespace {
using namespace fields;

constexpr std::string_view kPortProtocols[] = {"auto", "http", "http2", "grpc", "tcp"};
constexpr std::string_view kAppProtocols[] = {"http", "http2", "kubernetes.io/h2c", "grpc", "tcp"};
constexpr FieldInfo kPort[] = {
    text("name", "Name of the port, a DNS label; no other port of the service has it.", {1, 63}),
    integer("port", "The port that callers ask for.", kPortRange).required(),
    word("protocol", "What callers speak on it.", kPortProtocols).by_default("auto"),
    word("appProtocol", "The same in Kubernetes' words; not beside protocol.", kAppProtocols),
    text("backendSet", "BackendSet of requests that no route takes; default: that of the service's name.", kNameSize)};
constexpr std::string_view kVisibilities[] = {"mesh", "namespace"};
constexpr FieldInfo kService[] = {
    object("ports", "The ports of the service.", kPort).list({1, kMaxServicePorts}).required(),
    FieldInfo{.name = "visibility",
              .type = FieldType::kWordOrList,
              .what = "Who is sent the service: all, its namespace, or a list of up to 256 identity patterns."}
        .one_of(kVisibilities)
        .by_default("mesh"),
    text("hosts", "Further names that callers use for it, in lower case without port.", {1, 253})
        .list({0, kMaxServiceHosts}),
    text("addresses", "IPv4 and IPv6 addresses (ClusterIPs) that intercepted connections to it go to.", {1})
        .list({0, kMaxServiceAddresses})};

constexpr std::string_view kTlsModes[] = {"mtls", "plaintext"};
constexpr FieldInfo kEndpoint[] = {
    text("address", "IPv4 or IPv6 address.", {1}).required(),
    integer("port", "Port of its sidecar, or of the application with tls: plaintext.", kPortRange).required(),
    text("identity", "SPIFFE id that it must prove; default: that of the set."),
    word("tls", "plaintext: it has no sidecar, though its set is mtls; default: that of the set.", kTlsModes),
    integer("weight", "Its share beside the others; 0: nothing.", {0, kMaxWeight}).by_default("1"),
    integer("priority", "Level; 0 is the first to be used.", {0, kMaxPriority}).by_default("0"),
    text("zone", "Zone that it is in.", {1, 63}),
    map("labels", "Labels that subsets choose by.", {0, 63})};
constexpr std::string_view kDnsTypes[] = {"address", "srv"};
constexpr FieldInfo kDns[] = {
    word("type", "A and AAAA records, or SRV records.", kDnsTypes).by_default("address"),
    text("name", "Host name that is looked up, without a dot at its end.", {1, 253}).required(),
    integer("port", "Port of the addresses; SRV records have their own.", kPortRange)
        .required()
        .only_with("type", "address"),
    duration("minTtl", "Answers are kept at least so long.", {1s, 24h}).by_default("5s"),
    duration("maxTtl", "Answers are kept at most so long.", {1s, 24h}).by_default("5m")};
constexpr FieldInfo kSubset[] = {
    text("name", "BackendSet of the same namespace whose endpoints it has.", kNameSize).required(),
    map("labels", "Labels that an endpoint of the subset has.", {0, 63}).required()};
constexpr std::string_view kUpstreamProtocols[] = {"auto", "http", "http2", "tcp"};
constexpr FieldInfo kBackendSet[] = {
    object("loadBalancer", "How an endpoint is chosen.", kLoadBalancer),
    object("subsetOf", "Makes it a part of another BackendSet; not beside endpoints, dns, tls, identity, protocol.",
           kSubset),
    word("tls", "How its endpoints are spoken to.", kTlsModes).by_default("mtls"),
    text("identity", "SPIFFE id of endpoints that name none."),
    word("protocol", "What its endpoints speak.", kUpstreamProtocols).by_default("auto"),
    text("healthPolicy", "HealthPolicy of the same namespace.", kNameSize),
    object("dns", "Where its endpoints are looked up; not beside endpoints.", kDns),
    object("endpoints", "Its endpoints.", kEndpoint).list({0, kMaxEndpoints})};

constexpr FieldInfo kAdaptive[] = {
    integer("minLimit", "Requests at once that are always taken.", {1, kMaxConcurrencyLimit}).by_default("3"),
    integer("maxLimit", "Requests at once that are never exceeded.", {1, kMaxConcurrencyLimit}).by_default("1000")};
constexpr std::string_view kPriorities[] = {"critical", "high", "default", "low"};
constexpr FieldInfo kPriorityRule[] = {word("priority", "Priority of requests that match.", kPriorities).required(),
                                       kAuthzRule[0], kAuthzRule[1]};
constexpr FieldInfo kOverload[] = {
    object("adaptiveConcurrency", "Finds by latency how many requests at once the application can take.", kAdaptive),
    object("priorities", "Which requests are shed last; the first that matches counts.", kPriorityRule)
        .list({1, kMaxPriorityRules})};
constexpr FieldInfo kWorkload[] = {
    text("identity", "SPIFFE id of the workload.").required(),
    text("services", "Services of the same namespace that it is a backend of.", kNameSize).list({0, kMaxPolicyTargets}),
    object("overload", "What its sidecars do when there is more than the application can take.", kOverload)};

constexpr std::string_view kProfiles[] = {"https_web", "https_spiffe"};
constexpr FieldInfo kBundleEndpoint[] = {
    text("url", "https://host[:port]/path of the bundle.", {1, HttpsUrl::kMaxBytes}).required(),
    word("profile", "Who must answer: a certificate of the web, or a SPIFFE id.", kProfiles).required(),
    text("spiffeId", "SPIFFE id of who answers.").only_with("profile", "https_spiffe")};
constexpr FieldInfo kFederated[] = {
    text("trustDomain", "Name of the other trust domain.", {1, 255}).required(),
    object("bundleEndpoint", "Where its roots are fetched.", kBundleEndpoint),
    open_object("bundle", "Its roots as a SPIFFE bundle (a JWK set); required without bundleEndpoint.")};
}  // namespace

std::span<const FieldInfo> service_fields() { return kService; }
std::span<const FieldInfo> backend_set_fields() { return kBackendSet; }
std::span<const FieldInfo> workload_fields() { return kWorkload; }
std::span<const FieldInfo> federated_trust_domain_fields() { return kFederated; }
}  // namespace heddle::detail
