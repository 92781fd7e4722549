// The rows of each kind's spec, private to lib/config. Their order is that of the parsers.
#pragma once
#include "lib/config/field_info.h"
#include "lib/config/model.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
std::span<const FieldInfo> service_fields();
std::span<const FieldInfo> backend_set_fields();
std::span<const FieldInfo> http_route_fields();
std::span<const FieldInfo> grpc_route_fields();
std::span<const FieldInfo> tcp_route_fields();
std::span<const FieldInfo> tls_route_fields();
std::span<const FieldInfo> http_route_filter_fields();
std::span<const FieldInfo> health_policy_fields();
std::span<const FieldInfo> traffic_policy_fields();
std::span<const FieldInfo> authorization_policy_fields();
std::span<const FieldInfo> rate_limit_policy_fields();
std::span<const FieldInfo> workload_fields();
std::span<const FieldInfo> federated_trust_domain_fields();

inline constexpr IntRange kPercentRange{0, 100};
inline constexpr SizeRange kHeaderNameSize{1, 256};
inline constexpr SizeRange kHeaderValueSize{1, 4096};

// What several kinds have.
inline constexpr FieldInfo kBackendTarget[] = {
    fields::text("group", "Group of the target.").by_default("heddle.dev"),
    fields::text("kind", "Kind of the target: BackendSet.").by_default("BackendSet"),
    fields::text("name", "Name of a BackendSet of the same namespace.", kNameSize).required()};

inline constexpr std::string_view kWorkloadTargetKinds[] = {"Service", "Workload"};
inline constexpr FieldInfo kWorkloadTarget[] = {
    fields::text("group", "Group of the target.").by_default("heddle.dev"),
    fields::word("kind", "Kind of the target.", kWorkloadTargetKinds).required(),
    fields::text("name", "Name of the target, in the same namespace.", kNameSize).required()};

inline constexpr std::string_view kTextMatchTypes[] = {"Exact", "RegularExpression"};
inline constexpr FieldInfo kHeaderMatch[] = {
    fields::word("type", "How the value is compared.", kTextMatchTypes).by_default("Exact"),
    fields::text("name", "Name of the header field, in any case.", kHeaderNameSize).required(),
    fields::text("value", "What the value must be, or an RE2 expression for all of it.", kHeaderValueSize).required()};
inline constexpr FieldInfo kQueryMatch[] = {
    fields::word("type", "How the value is compared.", kTextMatchTypes).by_default("Exact"),
    fields::text("name", "Name of the query parameter.", {1, 256}).required(),
    fields::text("value", "What the value must be, or an RE2 expression for all of it.", {1, 1024}).required()};
inline constexpr std::string_view kPathMatchTypes[] = {"Exact", "PathPrefix", "RegularExpression"};
inline constexpr FieldInfo kPathMatch[] = {
    fields::word("type", "How the path is compared.", kPathMatchTypes).by_default("PathPrefix"),
    fields::text("value", "The path, a prefix of whole segments, or an RE2 expression for all of it.",
                 {1, kMaxPathValue})
        .by_default("/")};
inline constexpr std::string_view kMatchMethods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                     "CONNECT", "OPTIONS", "TRACE", "PATCH"};
inline constexpr FieldInfo kHttpMatch[] = {
    fields::object("path", "What the path must be.", kPathMatch),
    fields::word("method", "What the method must be; without it any.", kMatchMethods),
    fields::object("headers", "Header fields that must all match.", kHeaderMatch).list({0, kMaxMatchFields}),
    fields::object("queryParams", "Query parameters that must all match.", kQueryMatch).list({0, kMaxMatchFields})};

inline constexpr FieldInfo kRetryCodes =
    fields::integer("codes", "Statuses that are retried; without it 502, 503 and 504.",
                    {RetrySpec::kFirstCode, RetrySpec::kLastCode})
        .list({1, kMaxRetryCodes});
inline constexpr FieldInfo kRetryAttempts =
    fields::integer("attempts", "Retries of a request beside the first attempt.", {1, RetrySpec::kMaxAttempts})
        .by_default("1");
inline constexpr FieldInfo kRetryBackoff =
    fields::duration("backoff", "Least wait before the first retry; it doubles with each.", {1ms, 1s})
        .by_default("25ms");

// Of rules of AuthorizationPolicies and of priorities of Workloads.
inline constexpr FieldInfo kAuthzSource[] = {
    fields::text("identities", "SPIFFE ids, or patterns of them, of which the caller has one.")
        .list({0, kMaxAuthzValues}),
    fields::text("namespaces", "Namespaces of which the caller is in one.", kNameSize).list({0, kMaxAuthzValues}),
    fields::boolean("authenticated", "true: the caller proved any identity; false is refused.")};
inline constexpr std::string_view kAuthzPathTypes[] = {"Exact", "PathPrefix", "PathTemplate"};
inline constexpr FieldInfo kAuthzPath[] = {
    fields::word("type", "How the path is compared.", kAuthzPathTypes).required(),
    fields::text("value", "The path, the prefix, or a template as /carts/{id}/**.", {1, kMaxPathValue}).required()};
inline constexpr FieldInfo kAuthzHeader[] = {
    fields::text("name", "Name of the header field.", kHeaderNameSize).required(),
    fields::text("value", "Its whole value; without it the field must be there.", {0, 4096})};
inline constexpr FieldInfo kAuthzOperation[] = {
    fields::text("methods", "Methods of which the request has one.", {1, 32}).list({0, kMaxAuthzValues}),
    fields::object("paths", "Paths of which one matches.", kAuthzPath).list({0, kMaxAuthzValues}),
    fields::integer("ports", "Ports of the application of which it goes to one.", kPortRange)
        .list({0, kMaxAuthzValues}),
    fields::object("headers", "Header fields that must all match.", kAuthzHeader).list({0, kMaxMatchFields})};
inline constexpr FieldInfo kAuthzRule[] = {
    fields::object("from", "Callers, of which one entry matches; without it every caller.", kAuthzSource)
        .list({0, kMaxAuthzEntries}),
    fields::object("to", "Requests, of which one entry matches; without it every request.", kAuthzOperation)
        .list({0, kMaxAuthzEntries})};

inline constexpr std::string_view kBalancers[] = {"peakEwma", "leastRequest", "roundRobin",
                                                  "random",   "ringHash",     "maglev"};
inline constexpr FieldInfo kHashOnRows[] = {
    fields::text("header", "The value of this header field.", {1, kMaxHashName}),
    fields::text("cookie", "The value of this cookie.", {1, kMaxHashName}),
    fields::boolean("sourceIdentity", "true: the SPIFFE id of the caller; false is refused."),
    fields::boolean("sourceAddress", "true: the address of the caller; false is refused."),
    fields::boolean("path", "true: the path of the request; false is refused.")};
inline constexpr FieldInfo kSlowStartRows[] = {
    fields::duration("window", "How long a new endpoint gets less than its share.", {100ms, 1h}).required(),
    fields::number("aggression", "1: its share grows evenly; more: faster at the beginning.", 1, 10).by_default("1")};
inline constexpr FieldInfo kLoadBalancer[] = {
    fields::word("policy", "How an endpoint is chosen.", kBalancers).by_default("peakEwma"),
    fields::object("hashOn", "What ringHash and maglev hash: exactly one of these.", kHashOnRows),
    fields::object("slowStart", "Lets new endpoints warm up.", kSlowStartRows),
    fields::integer("panicThreshold", "Below so many percent of healthy endpoints health is ignored; 0: never.",
                    kPercentRange)
        .by_default("0"),
    fields::integer("minHealthyPercent", "With fewer percent a priority level, zone or set is left; 0: never.",
                    kPercentRange)
        .by_default("0"),
    fields::boolean("zoneAware", "The zone of the sidecar first.").by_default("false")};
}  // namespace heddle::detail
