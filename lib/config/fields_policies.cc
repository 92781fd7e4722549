// Rows of the policies.
#include "lib/config/fields_detail.h"
#include "lib/config/traffic_policy.h"

namespace heddle::detail {
namespace {
using namespace fields;

constexpr FieldInfo kTargetRef = object("targetRef", "The BackendSet it is for.", kBackendTarget);
constexpr FieldInfo kTargetRefs =
    object("targetRefs", "The BackendSets it is for.", kBackendTarget).list({0, kMaxPolicyTargets});

constexpr std::string_view kCheckKinds[] = {"http", "tcp", "grpc"};
constexpr std::string_view kCheckMethods[] = {"GET", "HEAD", "OPTIONS"};
constexpr DurationRange kCheckIntervals{100ms, 1h};
constexpr IntRange kThresholds{1, 100};
constexpr FieldInfo kCheck[] = {
    word("kind", "What is asked.", kCheckKinds).required(),
    word("method", "Method of the request.", kCheckMethods).by_default("GET").only_with("kind", "http"),
    text("path", "Path of the request.", {1, kMaxPathValue}).by_default("/").only_with("kind", "http"),
    FieldInfo{.name = "expectedStatuses",
              .type = FieldType::kIntegerOrString,
              .what = "Statuses of who is well, as 200 or \"200-299\"; default: \"200-299\".",
              .integers = {100, 599}}
        .list({1, 16})
        .only_with("kind", "http"),
    text("host", "Host that is asked for, of kind grpc as well; default: the address.", {1, 253})
        .only_with("kind", "http"),
    text("service", "Service that is asked about; without it the server as a whole.", {0, 253})
        .only_with("kind", "grpc"),
    duration("interval", "Time between checks.", kCheckIntervals).by_default("1s"),
    duration("unhealthyInterval", "The same while they fail; default: interval.", kCheckIntervals),
    duration("noTrafficInterval", "The same while nobody sends anything; default: interval.", kCheckIntervals),
    duration("timeout", "How long an answer may take.", {10ms, 60s}).by_default("1s"),
    integer("unhealthyThreshold", "So many failures in a row make it unhealthy.", kThresholds).by_default("2"),
    integer("healthyThreshold", "So many successes in a row make it healthy.", kThresholds).by_default("1"),
    number("jitter", "Part of the interval that chance adds at most.", 0, 1).by_default("0.1")};

constexpr IntRange kErrors{0, 1000};
constexpr IntRange kRequests{1, 1'000'000};
constexpr DurationRange kEjections{1s, 24h};
constexpr FieldInfo kSuccessRate[] = {
    integer("minimumRequests", "With fewer in an interval an endpoint is not judged.", kRequests).by_default("100"),
    integer("minimumEndpoints", "With fewer to be judged nobody is.", {3, 1000}).by_default("5"),
    number("stdevFactor", "Ejected below mean - factor x standard deviation.", 0.1, 1000).by_default("1.9")};
constexpr FieldInfo kLatency[] = {
    number("factor", "Ejected above factor x median of the endpoints' means.", 1.1, 1000).by_default("3"),
    integer("minimumRequests", "With fewer in an interval an endpoint is not judged.", kRequests).by_default("100")};
constexpr FieldInfo kOutlier[] = {
    integer("consecutiveErrors", "So many errors in a row eject; 0: not judged.", kErrors).by_default("5"),
    integer("consecutiveGatewayErrors", "So many 502, 503 and 504 in a row eject; 0: not judged.", kErrors)
        .by_default("0"),
    object("successRate", "Judges endpoints by their share of successes.", kSuccessRate),
    object("latency", "Judges endpoints by how long they take.", kLatency),
    duration("interval", "How often successRate and latency judge.", {1s, 1h}).by_default("10s"),
    duration("baseEjectionTime", "How long the first ejection lasts; it grows with each.", kEjections)
        .by_default("30s"),
    duration("maxEjectionTime", "How long one lasts at most; not shorter than the base.", kEjections).by_default("5m"),
    integer("maxEjectedPercent", "So much of a set is ejected at most.", {1, 100}).by_default("10"),
    number("jitter", "Part of the ejection time that chance adds at most.", 0, 1).by_default("0.1")};
constexpr FieldInfo kHealth[] = {kTargetRef, kTargetRefs,
                                 object("active", "Checks that are sent.", kCheck).list({0, kMaxActiveChecks}),
                                 object("outlier", "Judges endpoints by what their requests come to.", kOutlier)};

constexpr IntRange kLimits{1, kMaxTrafficLimit};
constexpr DurationRange kIdleTimes{100ms, 24h};
constexpr FieldInfo kLimitRows[] = {integer("connections", "Connections to one endpoint.", kLimits),
                                    integer("pendingRequests", "Requests that wait for a connection.", kLimits),
                                    integer("requests", "Requests at once.", kLimits),
                                    integer("retries", "Retries at once.", kLimits)};
constexpr FieldInfo kTimeoutRows[] = {
    duration("connect", "For a connection to be made.", {10ms, 60s}),
    duration("pending", "For a request to get a connection.", {10ms, 60s}),
    duration("connectionIdle", "A connection without requests is closed after this.", kIdleTimes),
    duration("streamIdle", "A request on which nothing moves is ended after this.", kIdleTimes),
    duration("request", "For the whole request, where its route says nothing; 0s: none."),
    duration("maxGrpcTimeout", "The most of what a caller's grpc-timeout can ask for.")};
constexpr FieldInfo kRetryRows[] = {
    kRetryAttempts, kRetryCodes, kRetryBackoff,
    text("grpcStatuses", "Statuses of gRPC that are retried, as UNAVAILABLE.", {1, 32}).list({1, 16}),
    boolean("nonIdempotent", "Also what is not idempotent.").by_default("false")};
constexpr FieldInfo kBudgetRows[] = {
    integer("percent", "Retries are at most so many percent of the requests.", kPercentRange).by_default("20"),
    integer("minPerSecond", "So many are allowed even with fewer requests.", {0, 100'000}).by_default("10")};
constexpr FieldInfo kHedgeRows[] = {duration("after", "A second attempt begins after this.", {10ms, 60s}).required(),
                                    boolean("nonIdempotent", "Also of what is not idempotent.").by_default("false")};
constexpr FieldInfo kTraffic[] = {
    kTargetRef,
    kTargetRefs,
    object("limits", "Limits of a sidecar towards the set.", kLimitRows),
    object("timeouts", "Timeouts towards the set.", kTimeoutRows),
    object("retry", "What is tried again, where the route says nothing.", kRetryRows),
    object("retryBudget", "Bounds all retries together.", kBudgetRows),
    object("hedge", "A second attempt of what is slow; the first answer counts.", kHedgeRows),
    object("loadBalancer", "Overrides parts of that of the set.", kLoadBalancer)};

constexpr std::string_view kActions[] = {"allow", "deny", "audit"};
constexpr std::string_view kDefaults[] = {"allow-all", "mesh-only", "deny-all"};
constexpr FieldInfo kAuthorization[] = {
    object("targetRef", "Whom it protects; without it every workload of the namespace.", kWorkloadTarget),
    word("defaultAction", "What happens to what no policy judges; a policy for itself, without the other fields.",
         kDefaults),
    word("action", "What happens to requests that a rule matches; required without defaultAction.", kActions),
    object("rules", "Which requests; {} is all.", kAuthzRule).list({0, kMaxAuthzRules})};

constexpr std::string_view kModes[] = {"enforce", "report"};
constexpr IntRange kRates{1, kMaxRateRequests};
constexpr FieldInfo kKey[] = {boolean("sourceIdentity", "true: the SPIFFE id of the caller; false is refused."),
                              text("header", "The value of this header field.", kHeaderNameSize)};
constexpr FieldInfo kLimit[] = {
    text("name", "Name of the limit, a DNS label.", {1, 63}).required(),
    object("matches", "Requests it counts, of which one matches; without it all.", kHttpMatch)
        .list({0, kMaxRateMatches}),
    object("by", "What has a count of its own; each element is one key.", kKey).list({0, kMaxRateHeaders + 1}),
    integer("requests", "Requests that are taken in that time.", kRates).required(),
    duration("per", "The time they are counted in.", {1s, 1h}).required(),
    integer("burst", "Requests that are taken at once after a pause; default: requests.", kRates)};
constexpr FieldInfo kRateLimit[] = {
    object("targetRef", "Whose requests are limited; without it every workload's of the namespace.", kWorkloadTarget),
    word("mode", "report only says what would be refused.", kModes).by_default("enforce"),
    object("limits", "The limits.", kLimit).list({1, kMaxRateLimits}).required()};
}  // namespace

std::span<const FieldInfo> health_policy_fields() { return kHealth; }
std::span<const FieldInfo> traffic_policy_fields() { return kTraffic; }
std::span<const FieldInfo> authorization_policy_fields() { return kAuthorization; }
std::span<const FieldInfo> rate_limit_policy_fields() { return kRateLimit; }
}  // namespace heddle::detail
