#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/field_rules.h"
#include "lib/config/validate.h"
#include "lib/http/rules.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kBackend = "{group: heddle.dev, kind: BackendSet, name: a}";

std::string route_yaml(std::string_view rule) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{", rule, "}]}}\n---\n");
}
std::string filter_yaml(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {", spec, "}}\n---\n");
}
std::string rule_with(std::string_view filters) {
  return str_cat("filters: [", filters, "], backendRefs: [", kBackend, "]");
}
std::string modifier(std::string_view text) {
  return str_cat("{type: RequestHeaderModifier, requestHeaderModifier: {", text, "}}");
}
std::string redirect(std::string_view text) {
  return str_cat("{type: RequestRedirect, requestRedirect: {", text, "}}");
}
std::string rewrite(std::string_view text) { return str_cat("{type: URLRewrite, urlRewrite: {", text, "}}"); }
std::string cors(std::string_view text) { return str_cat("{type: CORS, cors: {", text, "}}"); }
const std::string kExtension =
    "{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}";

template <class T>
std::shared_ptr<const T> parsed(const std::string& yaml) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(yaml).at(0), problems);
  EXPECT_TRUE(out) << problems.text();
  return out ? std::get<std::shared_ptr<const T>>(*out) : nullptr;
}
std::string problems_together(const std::string& yaml) { return validate(model_of(yaml), ModelScope::kWhole).text(); }

TEST(ParseFilters, ReadsEveryFilterOfARule) {
  auto route = parsed<HttpRouteSpec>(route_yaml(rule_with(str_cat(
      modifier("set: [{name: X-A, value: b}], add: [{name: c, value: d}], remove: [E]"),
      ", {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: set-cookie, value: a=b}]}}, ",
      rewrite("hostname: h.example, path: {type: ReplaceFullPath, replaceFullPath: /x}"), ", ",
      cors("allowOrigins: ['https://*.b.example:8443', 'http://c'], allowCredentials: true, allowMethods: [GET], "
           "allowHeaders: [x-h], exposeHeaders: ['*'], maxAge: 7"),
      ", ", kExtension))));

  const RuleFilters& filters = *route->rules[0].filters;
  EXPECT_EQ(*filters.request, (HeaderModifier{{{"x-a", "b"}}, {{"c", "d"}}, {"e"}}));
  EXPECT_EQ(filters.response->set[0].name, "set-cookie");
  EXPECT_EQ(*filters.rewrite, (UrlRewrite{"h.example", PathModifier{PathChange::kReplaceFull, "/x"}}));
  EXPECT_EQ(filters.cors->origins, (std::vector<CorsOrigin>{{"https", "*.b.example", 8443}, {"http", "c", 80}}));
  EXPECT_TRUE(filters.cors->credentials);
  EXPECT_EQ(filters.cors->max_age, 7U);
  EXPECT_EQ(filters.extension, "f");
}

TEST(ParseFilters, ARedirectNeedsNoBackends) {
  auto route = parsed<HttpRouteSpec>(
      route_yaml(str_cat("filters: [", redirect("scheme: https, hostname: b, port: 81, statusCode: 308"), "]")));

  EXPECT_EQ(*route->rules[0].filters->redirect, (RequestRedirect{"https", "b", std::nullopt, 81, 308}));
  EXPECT_TRUE(route->rules[0].backends.empty());
}

TEST(ParseFilters, ReadsAnHttpRouteFilter) {
  auto spec = parsed<HttpRouteFilterSpec>(
      filter_yaml("directResponse: {status: 418, body: tea}, fault: {delay: {duration: 250ms, percent: 12.5}, "
                  "abort: {grpcStatus: 14}, headers: [{name: X-Test, value: '1'}]}"));

  EXPECT_EQ(spec->direct_response->status, 418);
  EXPECT_EQ(spec->direct_response->content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(spec->fault->delay->duration, 250ms);
  EXPECT_EQ(spec->fault->delay->percent, 12.5);
  EXPECT_EQ(spec->fault->abort->grpc_status, 14);
  EXPECT_EQ(spec->fault->abort->status, 503);
  EXPECT_EQ(spec->fault->headers, (std::vector<FieldText>{{"x-test", "1"}}));
}

TEST(ParseFilters, DerivesTheStatusOfTheOtherProtocol) {
  auto grpc_of = [](std::string_view abort) {
    auto spec = parsed<HttpRouteFilterSpec>(filter_yaml(str_cat("fault: {abort: {", abort, "}}")));
    return std::pair(spec->fault->abort->status, spec->fault->abort->grpc_status);
  };

  EXPECT_EQ(grpc_of("status: 503"), std::pair(uint16_t{503}, uint8_t{14}));
  EXPECT_EQ(grpc_of("status: 404"), std::pair(uint16_t{404}, uint8_t{12}));
  EXPECT_EQ(grpc_of("status: 500"), std::pair(uint16_t{500}, uint8_t{2}));
  EXPECT_EQ(grpc_of("grpcStatus: 16"), std::pair(uint16_t{401}, uint8_t{16}));
}

struct FilterRefusal {
  std::string filter;
  std::string problem;  // below spec.rules[0].filters
};
class ParseRefusesFilter : public testing::TestWithParam<FilterRefusal> {};
TEST_P(ParseRefusesFilter, NamingTheField) {
  std::string problem = spec_problems_of(route_yaml(rule_with(GetParam().filter)));
  EXPECT_EQ(problem, "spec.rules[0].filters" + GetParam().problem);
}
std::string of_set(std::string_view name, std::string_view value = "v") {
  return modifier(str_cat("set: [{name: '", name, "', value: \"", value, "\"}]"));
}
std::string replaces(std::string_view path) {
  return rewrite(str_cat("path: {type: ReplaceFullPath, replaceFullPath: '", path, "'}"));
}
const std::string kSetName = "[0].requestHeaderModifier.set[0].name: ";
const std::string kFullPath = "[0].urlRewrite.path.replaceFullPath: ";
const std::string kIsOwned = "is a field by which sidecars say who somebody is, or remove";
INSTANTIATE_TEST_SUITE_P(
    Fields, ParseRefusesFilter,
    testing::Values(
        FilterRefusal{of_set("Host"), kSetName + "\"host\" cannot be modified; use urlRewrite.hostname"},
        FilterRefusal{of_set(":path"), kSetName + "\":path\" is not the name of a header field"},
        FilterRefusal{of_set("a b"), kSetName + "\"a b\" is not the name of a header field"},
        FilterRefusal{of_set("Connection"), kSetName + "\"connection\" is a field of the connection or of framing"},
        FilterRefusal{of_set("te"), kSetName + "\"te\" is a field of the connection or of framing"},
        FilterRefusal{of_set("Content-Length"),
                      kSetName + "\"content-length\" is a field of the connection or of framing"},
        FilterRefusal{of_set("transfer_encoding"),
                      kSetName + "\"transfer_encoding\" is a field of the connection or of framing"},
        FilterRefusal{of_set("expect"), kSetName + "\"expect\" belongs to the client"},
        FilterRefusal{of_set("X-Forwarded-Client-Cert"), kSetName + "\"x-forwarded-client-cert\" " + kIsOwned},
        FilterRefusal{of_set("heddle-reason"), kSetName + "\"heddle-reason\" " + kIsOwned},
        FilterRefusal{of_set("l5d-client-id"), kSetName + "\"l5d-client-id\" " + kIsOwned},
        FilterRefusal{of_set("x-mesh-user"), kSetName + "\"x-mesh-user\" " + kIsOwned},
        FilterRefusal{of_set("x-envoy-peer-metadata"), kSetName + "\"x-envoy-peer-metadata\" " + kIsOwned},
        FilterRefusal{of_set("a", "b\\r\\nc: d"),
                      "[0].requestHeaderModifier.set[0].value: has a control byte, or white space at an end"},
        FilterRefusal{of_set("a", " b"),
                      "[0].requestHeaderModifier.set[0].value: has a control byte, or white space at an end"},
        FilterRefusal{of_set("a", ""), "[0].requestHeaderModifier.set[0].value: must not be empty"},
        FilterRefusal{modifier("remove: [heddle-via]"),
                      "[0].requestHeaderModifier.remove[0]: \"heddle-via\" " + kIsOwned},
        FilterRefusal{modifier(str_cat("set: [{name: a, value: ", std::string(4096, 'x'),
                                       "}, {name: b, value: ", std::string(4096, 'x'), "}]")),
                      "[0].requestHeaderModifier.set: together with add has more than 8 KiB of names and values"},
        FilterRefusal{
            "{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: Upgrade, value: a}]}}",
            "[0].responseHeaderModifier.set[0].name: \"upgrade\" is a field of the connection or of framing"}));
INSTANTIATE_TEST_SUITE_P(
    Paths, ParseRefusesFilter,
    testing::Values(
        FilterRefusal{replaces("x"), kFullPath + "must begin with '/'"},
        FilterRefusal{replaces(""), kFullPath + "must not be empty"},
        FilterRefusal{replaces("//x"), kFullPath + "must not contain any of // /./ /../ %2f %5c %00 # ? \\"},
        FilterRefusal{replaces("/a/../x"), kFullPath + "must not contain any of // /./ /../ %2f %5c %00 # ? \\"},
        FilterRefusal{replaces("/a%2Fx"), kFullPath + "must not contain any of // /./ /../ %2f %5c %00 # ? \\"},
        FilterRefusal{replaces("/a?x"), kFullPath + "must not contain any of // /./ /../ %2f %5c %00 # ? \\"},
        FilterRefusal{replaces("/a/.."), kFullPath + "must not end in /. or /.."},
        FilterRefusal{replaces("/a/..;x"), kFullPath + "has a dot segment"},
        FilterRefusal{replaces("/%2e%2E/x"),
                      kFullPath + "has an escape that is broken or hides '.', '/', '\\' or a control byte"},
        FilterRefusal{replaces("/%4"),
                      kFullPath + "has an escape that is broken or hides '.', '/', '\\' or a control byte"},
        FilterRefusal{replaces("/%0a"),
                      kFullPath + "has an escape that is broken or hides '.', '/', '\\' or a control byte"},
        FilterRefusal{replaces("/a\"b"), kFullPath + "has a byte that must be percent-encoded"},
        FilterRefusal{rewrite("path: {replaceFullPath: /x}"),
                      "[0].urlRewrite.path.type: is required\nspec.rules[0].filters[0].urlRewrite.path."
                      "replaceFullPath: unknown field"},
        FilterRefusal{rewrite(""), "[0].urlRewrite.hostname: or path is required"},
        FilterRefusal{rewrite("hostname: '*.a'"), "[0].urlRewrite.hostname: \"*.a\" is not a host name"}));
INSTANTIATE_TEST_SUITE_P(
    Cors, ParseRefusesFilter,
    testing::Values(
        FilterRefusal{cors("allowOrigins: ['*', 'https://a']"),
                      "[0].cors.allowOrigins: have \"*\" and others beside it"},
        FilterRefusal{cors("allowMethods: ['*', GET]"), "[0].cors.allowMethods: have \"*\" and others beside it"},
        FilterRefusal{cors("allowMethods: [get]"), "[0].cors.allowMethods[0]: \"get\" is not a method, nor \"*\""},
        FilterRefusal{cors("allowHeaders: ['a b']"),
                      "[0].cors.allowHeaders[0]: \"a b\" is not the name of a header field"},
        FilterRefusal{cors("maxAge: 0"), "[0].cors.maxAge: 0 is out of range (1-86400)"},
        FilterRefusal{str_cat(cors(""), ", ", of_set("Origin")), ": change the field origin, by which CORS judges"}));
INSTANTIATE_TEST_SUITE_P(
    Together, ParseRefusesFilter,
    testing::Values(
        FilterRefusal{"{}", "[0].type: is required"},
        FilterRefusal{"{type: ExternalAuth, externalAuth: {}}",
                      "[0].externalAuth: external authorization is not supported\nspec.rules[0].filters[0].type: "
                      "ExternalAuth is not supported"},
        FilterRefusal{str_cat(rewrite("hostname: a"), ", ", rewrite("hostname: b")),
                      "[1].type: the same filter stands twice"},
        FilterRefusal{str_cat(kExtension, ", ", kExtension),
                      "[1].type: at most one ExtensionRef of a rule is supported"},
        FilterRefusal{"{type: ExtensionRef, extensionRef: {group: x.dev, kind: Y, name: z}}",
                      "[0].extensionRef.kind: \"Y\" of group \"x.dev\" is no filter here; expected HTTPRouteFilter of "
                      "group \"heddle.dev\""},
        FilterRefusal{"{type: URLRewrite, urlRewrite: {hostname: a}, cors: {}}", "[0].cors: unknown field"}));

struct RuleRefusal {
  std::string rule;
  std::string problem;  // below spec.rules[0]
};
class ParseRefusesRuleOfFilters : public testing::TestWithParam<RuleRefusal> {};
TEST_P(ParseRefusesRuleOfFilters, NamingTheField) {
  EXPECT_EQ(spec_problems_of(route_yaml(GetParam().rule)), "spec.rules[0]" + GetParam().problem);
}
const std::string kPrefixPath = "path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}";
const std::string kOnePrefix = ".filters: replacePrefixMatch needs exactly one match, with a path of type PathPrefix";
// The CEL rules of the Gateway API.
INSTANTIATE_TEST_SUITE_P(
    GatewayApi, ParseRefusesRuleOfFilters,
    testing::Values(
        RuleRefusal{rule_with(redirect("port: 81")), ".backendRefs: must be left out beside RequestRedirect"},
        RuleRefusal{str_cat("filters: [", redirect("port: 81"), ", ", rewrite("hostname: a"), "]"),
                    ".filters: have both RequestRedirect and URLRewrite"},
        RuleRefusal{str_cat("filters: [", redirect("port: 81"), ", ", of_set("a"), "]"),
                    ".filters: have RequestHeaderModifier beside RequestRedirect, which forwards nothing"},
        RuleRefusal{str_cat("filters: [", redirect("statusCode: 300"), "]"),
                    ".filters[0].requestRedirect.statusCode: expected one of 301, 302, 303, 307, 308"},
        RuleRefusal{str_cat("filters: [", redirect("scheme: ftp"), "]"),
                    ".filters[0].requestRedirect.scheme: expected one of http, https"},
        RuleRefusal{str_cat("matches: [{path: {type: Exact, value: /a}}], ", rule_with(rewrite(kPrefixPath))),
                    kOnePrefix},
        RuleRefusal{str_cat("matches: [{}, {path: {value: /a}}], ", rule_with(rewrite(kPrefixPath))), kOnePrefix},
        RuleRefusal{str_cat("matches: [{}, {}], filters: [", redirect(kPrefixPath), "]"), kOnePrefix},
        RuleRefusal{str_cat("filters: [", of_set("a"), "]"), ".backendRefs: is required"}));
INSTANTIATE_TEST_SUITE_P(
    Backends, ParseRefusesRuleOfFilters,
    testing::Values(
        RuleRefusal{str_cat("backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, filters: [",
                            rewrite("hostname: a"), "]}]"),
                    ".backendRefs[0].filters[0].type: is not supported on a backendRef; of the rule, where that may "
                    "be"},
        RuleRefusal{
            str_cat("backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, filters: [", of_set("host"), "]}]"),
            ".backendRefs[0].filters[0].requestHeaderModifier.set[0].name: \"host\" cannot be modified; use "
            "urlRewrite.hostname"}));

class ParseRefusesOrigin : public testing::TestWithParam<const char*> {};
TEST_P(ParseRefusesOrigin, ThatNoBrowserSends) {
  std::string problem = spec_problems_of(route_yaml(rule_with(cors(str_cat("allowOrigins: ['", GetParam(), "']")))));
  EXPECT_THAT(problem, testing::StartsWith("spec.rules[0].filters[0].cors.allowOrigins[0]: ")) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Cors, ParseRefusesOrigin,
                         testing::Values("a.example", "https://", "https://a/", "ftp://a", "null", "https://a:0",
                                         "https://a:99999", "https://a.*", "https://a*.example", "https://**.a", "",
                                         "https://u@a"));

struct ExtensionRefusal {
  const char* spec;
  const char* problem;
};
class ParseRefusesExtension : public testing::TestWithParam<ExtensionRefusal> {};
TEST_P(ParseRefusesExtension, NamingTheField) {
  EXPECT_EQ(spec_problems_of(filter_yaml(GetParam().spec)), GetParam().problem);
}
INSTANTIATE_TEST_SUITE_P(
    HttpRouteFilter, ParseRefusesExtension,
    testing::Values(
        ExtensionRefusal{"", "spec.directResponse: or fault is required"},
        ExtensionRefusal{"fault: {}", "spec.fault.delay: or abort is required"},
        ExtensionRefusal{"directResponse: {status: 101}", "spec.directResponse.status: 101 is out of range (200-599)"},
        ExtensionRefusal{"directResponse: {body: a}", "spec.directResponse.status: is required"},
        ExtensionRefusal{"directResponse: {status: 304, body: a}",
                         "spec.directResponse.body: an answer with this status has none"},
        ExtensionRefusal{"directResponse: {status: 200, contentType: a}",
                         "spec.directResponse.contentType: means nothing without a body"},
        ExtensionRefusal{"fault: {delay: {duration: 61s}}", "spec.fault.delay.duration: 61s is out of range (1ms-1m)"},
        ExtensionRefusal{"fault: {delay: {duration: 1s, percent: 101}}",
                         "spec.fault.delay.percent: is out of range (0-100)"},
        ExtensionRefusal{"fault: {abort: {}}", "spec.fault.abort.status: or grpcStatus: expected one of them"},
        ExtensionRefusal{"fault: {abort: {status: 503, grpcStatus: 14}}",
                         "spec.fault.abort.status: or grpcStatus: expected one of them"},
        ExtensionRefusal{"fault: {abort: {status: 200}}", "spec.fault.abort.status: 200 is out of range (400-599)"},
        ExtensionRefusal{"fault: {abort: {status: 503}, headers: [{name: x-mesh-a, value: b}]}",
                         "spec.fault.headers[0].name: is a header that sidecars remove from every request"}));

TEST(ParseFilters, ABodyOfOurOwnHasALimit) {
  auto with_body = [](size_t size) {
    return spec_problems_of(filter_yaml(str_cat("directResponse: {status: 200, body: ", std::string(size, 'x'), "}")));
  };

  EXPECT_EQ(with_body(4096), "");
  EXPECT_EQ(with_body(4097), "spec.directResponse.body: expected 0 to 4096 bytes, got 4097");
}

// What may be configured is never what the codecs would refuse.
TEST(ParseFilters, PathsThatMayBeWrittenAreGoodPaths) {
  size_t good = 0;
  for (int a = 1; a < 128; ++a) {
    for (std::string_view tail : {"", "/", "2e", "41", ";x", "./b", "/x"}) {
      std::string path = str_cat("/p/", std::string(1, static_cast<char>(a)), tail);
      if (!detail::written_path_mistake(path).empty()) continue;
      ++good;
      EXPECT_TRUE(check_path(path)) << path;
    }
  }
  EXPECT_GT(good, 300U);
}

TEST(ValidateFilters, NamesAFilterThatIsMissing) {
  EXPECT_EQ(problems_together(service_yaml("a") + route_yaml(rule_with(kExtension))),
            "HTTPRoute default/r: spec.rules[0].filters: no HTTPRouteFilter \"f\" in namespace \"default\"");
}

TEST(ValidateFilters, ADirectResponseLeavesNothingToForward) {
  std::string filter = filter_yaml("directResponse: {status: 200}");
  constexpr std::string_view kWhich = " beside the directResponse of HTTPRouteFilter \"f\"";

  EXPECT_EQ(problems_together(service_yaml("a") + filter + route_yaml(str_cat("filters: [", kExtension, "]"))), "");
  EXPECT_EQ(problems_together(service_yaml("a") + filter + route_yaml(rule_with(kExtension))),
            str_cat("HTTPRoute default/r: spec.rules[0].backendRefs: must be left out", kWhich));
  EXPECT_EQ(problems_together(service_yaml("a") + filter +
                              route_yaml(str_cat("filters: [", kExtension, ", ", rewrite("hostname: b"), "]"))),
            str_cat("HTTPRoute default/r: spec.rules[0].filters: have URLRewrite", kWhich));
}

TEST(ValidateFilters, AFaultNeedsWhatItStrikes) {
  std::string filter = filter_yaml("fault: {abort: {status: 503}}");

  EXPECT_EQ(problems_together(service_yaml("a") + filter + route_yaml(rule_with(kExtension))), "");
  EXPECT_EQ(problems_together(service_yaml("a") + filter + route_yaml(str_cat("filters: [", kExtension, "]"))),
            "HTTPRoute default/r: spec.rules[0].backendRefs: is required: HTTPRouteFilter \"f\" has no directResponse");
}
}  // namespace
}  // namespace heddle
