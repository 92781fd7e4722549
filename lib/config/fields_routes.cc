// Rows of the routes and of HTTPRouteFilter.
#include <limits>

#include "lib/config/fields_detail.h"
#include "lib/config/unresolved.h"

namespace heddle::detail {
namespace {
using namespace fields;

constexpr FieldInfo kParent[] = {text("group", "\"\" or heddle.dev.").by_default("gateway.networking.k8s.io"),
                                 text("kind", "Service.").by_default("Gateway"),
                                 text("name", "Name of the Service that the route is for.", kNameSize).required(),
                                 text("namespace", "Namespace of the Service; default: that of the route.", kNameSize),
                                 integer("port", "Its port; without it all of them.", kPortRange)};
constexpr FieldInfo kParents =
    object("parentRefs", "The Services that the route is for.", kParent).list({1, kMaxRouteParents}).required();
constexpr FieldInfo kHostnames =
    text("hostnames", "Hosts it is for, as a.example or *.example.", {1, 253}).list({0, kMaxRouteHostnames});
constexpr FieldInfo kRuleName = text("name", "Name of the rule, which no other of the route has.", kNameSize);

// Which backend it is: of backendRefs and of RequestMirror.
constexpr FieldInfo kRefGroup = text("group", "\"\" for a Service, heddle.dev for a BackendSet.").by_default("\"\"");
constexpr FieldInfo kRefKind = text("kind", "Service or BackendSet.").by_default("Service");
constexpr FieldInfo kRefName = text("name", "Name of the backend.", kNameSize).required();
constexpr FieldInfo kRefNamespace = text("namespace", "Its namespace; default: that of the route.", kNameSize);
constexpr FieldInfo kRefPort = integer("port", "Port; required for a Service, refused for a BackendSet.", kPortRange);
constexpr FieldInfo kRefWeight =
    integer("weight", "Its share of the requests beside the others.", {0, kMaxWeight}).by_default("1");

constexpr FieldInfo kRefUnresolved =
    text("unresolved", "Leads nowhere, and why; said by the translation of a cluster.", {1, kMaxUnresolved});

constexpr FieldInfo kFieldText[] = {text("name", "Name of the header field.", kHeaderNameSize).required(),
                                    text("value", "Its value.", kHeaderValueSize).required()};
constexpr FieldInfo kModifier[] = {
    object("set", "Fields that replace those of the same name.", kFieldText).list({0, kMaxModifiedFields}),
    object("add", "Fields that are added.", kFieldText).list({0, kMaxModifiedFields}),
    text("remove", "Names of fields that are removed.", kHeaderNameSize).list({0, kMaxModifiedFields})};
constexpr FieldInfo kRequestModifier =
    object("requestHeaderModifier", "Changes header fields of the request.", kModifier)
        .required()
        .only_with("type", "RequestHeaderModifier");
constexpr FieldInfo kResponseModifier =
    object("responseHeaderModifier", "Changes header fields of the response.", kModifier)
        .required()
        .only_with("type", "ResponseHeaderModifier");

constexpr IntRange kParts{0, std::numeric_limits<int32_t>::max()};
constexpr FieldInfo kFraction[] = {
    integer("numerator", "So many of denominator requests are copied.", kParts).required(),
    integer("denominator", "Of how many.", {1, std::numeric_limits<int32_t>::max()}).by_default("100")};
constexpr FieldInfo kMirrorRef[] = {kRefGroup, kRefKind, kRefName, kRefNamespace, kRefPort};
constexpr FieldInfo kMirrorRows[] = {
    object("backendRef", "Who gets the copies.", kMirrorRef).required(),
    integer("percent", "So many percent of the requests are copied; default: all.", kPercentRange),
    object("fraction", "The same as a fraction; not beside percent.", kFraction)};
constexpr FieldInfo kMirror =
    object("requestMirror", "Sends copies of requests elsewhere; their answers are dropped.", kMirrorRows)
        .required()
        .only_with("type", "RequestMirror");

constexpr std::string_view kPathChanges[] = {"ReplaceFullPath", "ReplacePrefixMatch"};
constexpr FieldInfo kPathModifier[] = {
    word("type", "What is replaced.", kPathChanges).required(),
    text("replaceFullPath", "The new path.", {1, kMaxPathValue}).required().only_with("type", "ReplaceFullPath"),
    text("replacePrefixMatch", "What stands in place of the prefix that matched.", {0, kMaxPathValue})
        .required()
        .only_with("type", "ReplacePrefixMatch")};
constexpr std::string_view kSchemes[] = {"http", "https"};
constexpr FieldInfo kRedirectRows[] = {
    word("scheme", "Scheme of the location; default: that of the request.", kSchemes),
    text("hostname", "Host of the location; default: that of the request.", kNameSize),
    object("path", "Path of the location; default: that of the request.", kPathModifier),
    integer("port", "Port of the location.", kPortRange),
    integer("statusCode", "301, 302, 303, 307 or 308.", {301, 308}).by_default("302")};
constexpr FieldInfo kRewriteRows[] = {text("hostname", "The new host.", kNameSize),
                                      object("path", "The new path.", kPathModifier)};
constexpr std::string_view kCorsMethods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                             "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"};
constexpr SizeRange kCorsList{0, kMaxCorsEntries};
constexpr FieldInfo kCorsRows[] = {
    text("allowOrigins", "Origins that may read answers, as https://*.example; * for all.", {1, 253}).list(kCorsList),
    boolean("allowCredentials", "Whether requests with credentials are allowed.").by_default("false"),
    word("allowMethods", "Methods that are allowed; * for all.", kCorsMethods).list({0, 9}),
    text("allowHeaders", "Header fields that requests may have; * for all.", kHeaderNameSize).list(kCorsList),
    text("exposeHeaders", "Header fields of answers that scripts may read; * for all.", kHeaderNameSize)
        .list(kCorsList),
    integer("maxAge", "Seconds that a browser may keep the answer to a preflight.", {1, 86'400}).by_default("5")};
constexpr FieldInfo kExtensionRows[] = {
    text("group", "heddle.dev.").required(), text("kind", "HTTPRouteFilter.").required(),
    text("name", "Name of an HTTPRouteFilter of the same namespace.", kNameSize).required()};
constexpr FieldInfo kExtension =
    object("extensionRef", "A filter of our own.", kExtensionRows).required().only_with("type", "ExtensionRef");

constexpr std::string_view kFilterTypes[] = {
    "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "RequestRedirect", "URLRewrite", "CORS",
    "ExtensionRef"};
constexpr FieldInfo kRuleFilter[] = {
    word("type", "Which filter it is.", kFilterTypes).required(),
    kRequestModifier,
    kResponseModifier,
    object("requestRedirect", "Answers with a redirect.", kRedirectRows)
        .required()
        .only_with("type", "RequestRedirect"),
    object("urlRewrite", "Changes host and path of the request.", kRewriteRows)
        .required()
        .only_with("type", "URLRewrite"),
    object("cors", "Answers browsers as the Fetch standard asks.", kCorsRows).required().only_with("type", "CORS"),
    kExtension,
    kMirror};
constexpr std::string_view kGrpcFilterTypes[] = {"RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror",
                                                 "ExtensionRef"};
constexpr FieldInfo kGrpcRuleFilter[] = {word("type", "Which filter it is.", kGrpcFilterTypes).required(),
                                         kRequestModifier, kResponseModifier, kExtension, kMirror};
constexpr std::string_view kBackendFilterTypes[] = {"RequestHeaderModifier", "ResponseHeaderModifier"};
constexpr FieldInfo kBackendFilter[] = {word("type", "Which filter it is.", kBackendFilterTypes).required(),
                                        kRequestModifier, kResponseModifier};
constexpr FieldInfo kBackend[] = {
    kRefGroup,
    kRefKind,
    kRefName,
    kRefNamespace,
    kRefPort,
    kRefWeight,
    kRefUnresolved,
    object("filters", "Filters of the requests that go to it.", kBackendFilter).list({0, kMaxRuleFilters})};
constexpr FieldInfo kPlainBackend[] = {kRefGroup, kRefKind,   kRefName,      kRefNamespace,
                                       kRefPort,  kRefWeight, kRefUnresolved};

constexpr std::string_view kSessionTypes[] = {"Cookie", "Header"};
constexpr std::string_view kLifetimes[] = {"Session", "Permanent"};
constexpr FieldInfo kCookieRows[] = {
    word("lifetimeType", "Whether the cookie outlives the browser's session.", kLifetimes).by_default("Session")};
constexpr FieldInfo kSessionRows[] = {
    word("type", "Where the token travels.", kSessionTypes).by_default("Cookie"),
    text("sessionName", "Name of the cookie or header field; default: one of our own.", {1, kMaxSessionName}),
    duration("absoluteTimeout", "The session ends so long after it began; whole seconds.", {1s, kMaxSessionTime}),
    duration("idleTimeout", "The session ends so long after its last request; whole seconds.", {1s, kMaxSessionTime}),
    object("cookieConfig", "Of type Cookie.", kCookieRows)};
constexpr FieldInfo kSession =
    object("sessionPersistence", "Keeps the requests of a session at one endpoint.", kSessionRows);

constexpr FieldInfo kTimeoutRows[] = {duration("request", "For the whole request; 0s: none."),
                                      duration("backendRequest", "For one attempt; not longer than request.")};
constexpr FieldInfo kRetryRows[] = {kRetryAttempts, kRetryCodes, kRetryBackoff};
constexpr FieldInfo kHttpRule[] = {
    kRuleName,
    object("matches", "Requests it is for, of which one matches; without it all.", kHttpMatch)
        .list({0, kMaxRuleMatches}),
    object("filters", "What is done to its requests.", kRuleFilter).list({0, kMaxRuleFilters}),
    object("backendRefs", "Where they go, by weight.", kBackend).list({0, kMaxRuleBackends}),
    kSession,
    object("timeouts", "How long they may take.", kTimeoutRows),
    object("retry", "What is tried again.", kRetryRows)};
constexpr FieldInfo kHttpRoute[] = {
    kParents, kHostnames, object("rules", "The rules of the route.", kHttpRule).list({1, kMaxRouteRules}).required()};

constexpr SizeRange kGrpcName{1, 1024};
constexpr FieldInfo kGrpcMethod[] = {
    word("type", "How names are compared.", kTextMatchTypes).by_default("Exact"),
    text("service", "Name of the service with its package, or an RE2 expression.", kGrpcName),
    text("method", "Name of the method, or an RE2 expression.", kGrpcName)};
constexpr FieldInfo kGrpcMatch[] = {
    object("method", "Service, method or both.", kGrpcMethod),
    object("headers", "Metadata that must all match.", kHeaderMatch).list({0, kMaxMatchFields})};
constexpr FieldInfo kGrpcRule[] = {
    kRuleName,
    object("matches", "Calls it is for, of which one matches; without it all.", kGrpcMatch).list({0, kMaxRuleMatches}),
    object("filters", "What is done to its calls.", kGrpcRuleFilter).list({0, kMaxRuleFilters}),
    object("backendRefs", "Where they go, by weight.", kBackend).list({1, kMaxRuleBackends}).required(), kSession};
constexpr FieldInfo kGrpcRoute[] = {
    kParents, kHostnames, object("rules", "The rules of the route.", kGrpcRule).list({1, kMaxRouteRules}).required()};

constexpr FieldInfo kL4Rule[] = {kRuleName, object("backendRefs", "Where its connections go, by weight.", kPlainBackend)
                                                .list({1, kMaxRuleBackends})
                                                .required()};
constexpr FieldInfo kL4Rules = object("rules", "Exactly one.", kL4Rule).list({1, 1}).required();
constexpr FieldInfo kTcpRoute[] = {kParents, kL4Rules};
constexpr FieldInfo kTlsRoute[] = {
    kParents,
    text("hostnames", "Names that the client's SNI may have, as a.example or *.example.", {1, 253})
        .list({1, kMaxRouteHostnames})
        .required(),
    kL4Rules};

constexpr FieldInfo kDirectRows[] = {
    integer("status", "Status of the answer.", {200, 599}).required(), text("body", "Its body.", {0, kMaxDirectBody}),
    text("contentType", "Its content-type; default: text/plain; charset=utf-8.", {1, 256})};
constexpr FieldInfo kPercent = number("percent", "Share of the requests.", 0, 100).by_default("100");
constexpr FieldInfo kDelayRows[] = {duration("duration", "How long they wait.", {1ms, kMaxFaultDelay}).required(),
                                    kPercent};
constexpr FieldInfo kAbortRows[] = {integer("status", "Status of the answer; this or grpcStatus.", {400, 599}),
                                    integer("grpcStatus", "Status of gRPC; this or status.", {1, 16}), kPercent};
constexpr FieldInfo kFaultRows[] = {
    object("delay", "Lets requests wait.", kDelayRows), object("abort", "Answers requests with an error.", kAbortRows),
    object("headers", "Only requests with all of these fields.", kFieldText).list({0, 16})};
constexpr FieldInfo kHttpRouteFilter[] = {object("directResponse", "An answer without a backend.", kDirectRows),
                                          object("fault", "Faults for tests of what calls.", kFaultRows)};
}  // namespace

std::span<const FieldInfo> http_route_fields() { return kHttpRoute; }
std::span<const FieldInfo> grpc_route_fields() { return kGrpcRoute; }
std::span<const FieldInfo> tcp_route_fields() { return kTcpRoute; }
std::span<const FieldInfo> tls_route_fields() { return kTlsRoute; }
std::span<const FieldInfo> http_route_filter_fields() { return kHttpRouteFilter; }
}  // namespace heddle::detail
