// RequestMirror of both kinds of routes, and the filters of GRPCRoutes.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kSet = "{group: heddle.dev, kind: BackendSet, name: a}";
constexpr std::string_view kHttp = "HTTPRoute";
constexpr std::string_view kGrpc = "GRPCRoute";

std::string route(std::string_view kind, std::string_view filters, std::string_view more = "") {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {name: r}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{filters: [", filters,
                 "], backendRefs: [", kSet, "]", more, "}]}}\n---\n");
}
std::string mirror(std::string_view text) { return str_cat("{type: RequestMirror, requestMirror: {", text, "}}"); }
std::string to_a(std::string_view more = "") { return mirror(str_cat("backendRef: ", kSet, more)); }

HttpRouteRule rule_of(const std::string& yaml) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(yaml).at(0), problems);
  EXPECT_TRUE(out) << problems.text();
  return out ? std::get<std::shared_ptr<const HttpRouteSpec>>(*out)->rules[0] : HttpRouteRule();
}
std::vector<RequestMirror> mirrors_of(std::string_view filters) { return *rule_of(route(kHttp, filters)).mirrors; }

std::string problems_together(const std::string& yaml) { return validate(model_of(yaml), ModelScope::kWhole).text(); }

TEST(ParseMirror, NamesABackendAsBackendRefsDo) {
  auto mirrors = mirrors_of(str_cat(to_a(), ", ", mirror("backendRef: {name: s, namespace: n, port: 8080}")));

  ASSERT_EQ(mirrors.size(), 2U);
  EXPECT_EQ(mirrors[0].to.kind, BackendKind::kBackendSet);
  EXPECT_EQ(mirrors[0].to.ref, (ObjectRef{"default", "a"}));
  EXPECT_EQ(mirrors[1].to.kind, BackendKind::kService);
  EXPECT_EQ(mirrors[1].to.ref, (ObjectRef{"n", "s"}));
  EXPECT_EQ(mirrors[1].to.port, 8080);
  EXPECT_EQ(mirrors[1].filter, 1);
}

TEST(ParseMirror, AShareIsAPercentageOrAFraction) {
  auto mirrors = mirrors_of(str_cat(to_a(), ", ", to_a(", percent: 20"), ", ", to_a(", fraction: {numerator: 3}"), ", ",
                                    to_a(", fraction: {numerator: 1, denominator: 2147483647}")));

  ASSERT_EQ(mirrors.size(), 4U);
  auto share = [&](size_t i) { return std::pair(mirrors[i].numerator, mirrors[i].denominator); };
  EXPECT_EQ(share(0), (std::pair<uint32_t, uint32_t>(100, 100)));
  EXPECT_EQ(share(1), (std::pair<uint32_t, uint32_t>(20, 100)));
  EXPECT_EQ(share(2), (std::pair<uint32_t, uint32_t>(3, 100)));
  EXPECT_EQ(share(3), (std::pair<uint32_t, uint32_t>(1, 2147483647)));
}

TEST(ParseMirror, ARuleWithoutAnyTakesNoRoomForThem) { EXPECT_TRUE(rule_of(route(kHttp, "")).mirrors.is_default()); }

struct MirrorRefusal {
  std::string filters;
  std::string problem;  // below spec.rules[0].filters
};
class ParseRefusesMirror : public testing::TestWithParam<MirrorRefusal> {};
TEST_P(ParseRefusesMirror, InBothKindsOfRoutes) {
  for (std::string_view kind : {kHttp, kGrpc}) {
    EXPECT_EQ(spec_problems_of(route(kind, GetParam().filters)), "spec.rules[0].filters" + GetParam().problem) << kind;
  }
}
const std::string kMirrorAt = "[0].requestMirror";
INSTANTIATE_TEST_SUITE_P(
    GatewayApi, ParseRefusesMirror,
    testing::Values(MirrorRefusal{mirror(""), kMirrorAt + ".backendRef: is required"},
                    MirrorRefusal{"{type: RequestMirror}", "[0].requestMirror: is required"},
                    MirrorRefusal{to_a(", percent: 101"), kMirrorAt + ".percent: 101 is out of range (0-100)"},
                    MirrorRefusal{to_a(", percent: 1, fraction: {numerator: 1}"),
                                  kMirrorAt + ".fraction: stands beside percent: expected one of them"},
                    MirrorRefusal{to_a(", fraction: {numerator: 101}"),
                                  kMirrorAt + ".fraction.numerator: must not be more than denominator"},
                    MirrorRefusal{to_a(", fraction: {numerator: 1, denominator: 0}"),
                                  kMirrorAt + ".fraction.denominator: 0 is out of range (1-2147483647)"},
                    MirrorRefusal{to_a(", fraction: {}"), kMirrorAt + ".fraction.numerator: is required"},
                    MirrorRefusal{mirror("backendRef: {name: s}"),
                                  kMirrorAt + ".backendRef.port: is required for a Service"},
                    MirrorRefusal{mirror("backendRef: {group: heddle.dev, kind: BackendSet, name: a, weight: 1}"),
                                  kMirrorAt + ".backendRef.weight: unknown field"},
                    MirrorRefusal{str_cat(to_a(), ", ", to_a(), ", ", to_a(), ", ", to_a(), ", ", to_a()),
                                  "[4].type: a rule has at most 4 of RequestMirror"}));

TEST(ParseMirror, HasNothingToCopyBesideARedirect) {
  std::string yaml = str_cat(
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: "
      "'', ",
      "kind: Service, name: a}], rules: [{filters: [", to_a(),
      ", {type: RequestRedirect, requestRedirect: {port: 81}}]}]}}");

  EXPECT_EQ(spec_problems_of(yaml),
            "spec.rules[0].filters: have RequestMirror beside RequestRedirect, which forwards nothing");
}

TEST(ValidateMirror, NamesWhatIsMissing) {
  std::string a = service_yaml("a");

  EXPECT_EQ(problems_together(a + route(kHttp, to_a())), "");
  EXPECT_EQ(problems_together(a + route(kGrpc, str_cat(to_a(), ", ",
                                                       mirror("backendRef: {group: heddle.dev, kind: BackendSet, name: "
                                                              "gone}")))),
            "GRPCRoute default/r: spec.rules[0].filters[1].requestMirror.backendRef.name: no BackendSet \"gone\" in "
            "namespace \"default\"");
  EXPECT_EQ(
      problems_together(a + route(kHttp, mirror("backendRef: {name: a, port: 81}"))),
      "HTTPRoute default/r: spec.rules[0].filters[0].requestMirror.backendRef.port: Service default/a has no port "
      "81");
}

TEST(ParseGrpcFilters, TakesWhatTheGatewayApiHasForThem) {
  HttpRouteRule rule = rule_of(route(
      kGrpc, str_cat("{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: b}]}}, ",
                     "{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [x-c]}}, ", to_a(),
                     ", {type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}")));

  EXPECT_EQ(rule.filters->request->set, (std::vector<FieldText>{{"x-a", "b"}}));
  EXPECT_EQ(rule.filters->response->remove, std::vector<std::string>{"x-c"});
  EXPECT_EQ(rule.filters->extension, "f");
  EXPECT_EQ(rule.mirrors->size(), 1U);
}

TEST(ParseGrpcFilters, RefuseWhatGrpcHasNoUseFor) {
  for (std::string_view type : {"RequestRedirect", "URLRewrite", "CORS", "ExternalAuth"}) {
    EXPECT_EQ(spec_problems_of(route(kGrpc, str_cat("{type: ", type, "}"))),
              "spec.rules[0].filters[0].type: expected one of RequestHeaderModifier, ResponseHeaderModifier, "
              "RequestMirror, ExtensionRef");
  }
}

TEST(ValidateGrpcFilters, AFaultMayAnswerButNoDirectResponse) {
  std::string named =
      route(kGrpc, "{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}");
  auto filter = [](std::string_view spec) {
    return str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {", spec,
                   "}}\n---\n");
  };

  EXPECT_EQ(problems_together(service_yaml("a") + filter("fault: {abort: {grpcStatus: 14}}") + named), "");
  EXPECT_EQ(problems_together(service_yaml("a") + filter("directResponse: {status: 200}") + named),
            "GRPCRoute default/r: spec.rules[0].filters: the directResponse of HTTPRouteFilter \"f\" is no answer to a "
            "gRPC call; use fault.abort with grpcStatus");
}
}  // namespace
}  // namespace heddle
