#include "lib/routing/route_filters.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kBackend = "{group: heddle.dev, kind: BackendSet, name: a";

// One rule of a route of Service a, and an HTTPRouteFilter that it may name.
class RouteFiltersTest : public testing::Test {
 protected:
  const RouteFilters& rule(std::string_view text, std::string_view extension = "") {
    std::string yaml = service_yaml("a");
    if (!extension.empty()) {
      yaml.append(str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {", extension,
                          "}}\n---\n"));
    }
    yaml.append(str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
                        "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{", text, "}]}}"));
    snapshot_ = snapshot_of(yaml);
    return *snapshot_->routes()[0]->rules[0].filters;
  }
  const RouteFilters& filter(std::string_view filters, std::string_view more = "") {
    return rule(str_cat(more, "filters: [", filters, "], backendRefs: [", kBackend, "}]"));
  }
  const RouteFilters& redirect(std::string_view text) {
    return rule(str_cat("filters: [{type: RequestRedirect, requestRedirect: {", text, "}}]"));
  }
  const RouteFilters& fault(std::string_view text) {
    return rule(str_cat("filters: [", kExtension, "], backendRefs: [", kBackend, "}]"), str_cat("fault: {", text, "}"));
  }
  RequestHead request(std::string_view path = "/", std::string_view authority = "a") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method("GET") && head.set_scheme("http") && head.set_authority(authority));
    EXPECT_TRUE(head.set_path(path));
    return head;
  }
  static std::string text(const HeaderMap& fields) {
    std::string out;
    for (size_t i = 0; i < fields.size(); ++i) out.append(str_cat(fields.at(i).name, ": ", fields.at(i).value, "\n"));
    return out;
  }
  std::string location(const RouteFilters& filters, const RequestHead& head, uint16_t port = 80) {
    ResponseHead answer(pool_);
    Result<void> made = filters.write_redirect(head, port, answer);
    if (!made) return std::string(info(made.error().reason).name);
    return str_cat(std::to_string(answer.status), " ", answer.fields().get(HeaderName::kLocation).value_or(""));
  }
  static constexpr std::string_view kExtension =
      "{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}";
  BlockPool pool_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(RouteFiltersTest, ARuleWithoutAnyHasNone) {
  snapshot_ = snapshot_of(service_yaml("a") +
                          str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, ",
                                  "spec: {parentRefs: [{group: '', kind: Service, name: a}], rules: [{backendRefs: [",
                                  kBackend, "}]}]}}"));

  EXPECT_EQ(snapshot_->routes()[0]->rules[0].filters, nullptr);
}

TEST_F(RouteFiltersTest, SetsThenAddsThenRemovesInAnyCase) {
  const RouteFilters& filters = filter(
      "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [X-Gone, x-both], add: [{name: X-Add, value: b}, "
      "{name: x-both, value: c}], set: [{name: X-Set, value: new}, {name: x-both, value: d}]}}");
  RequestHead head = request();
  EXPECT_TRUE(head.fields().add("x-set", "old") && head.fields().add("x-add", "a") && head.fields().add("x-set", "o") &&
              head.fields().add("x-gone", "g"));

  ASSERT_TRUE(filters.apply_to_request(head, 0));

  EXPECT_EQ(text(head.fields()), "x-add: a\nx-set: new\nx-add: b\n");
}

TEST_F(RouteFiltersTest, OfEqualNamesTheFirstCounts) {
  const RouteFilters& filters = filter(
      "{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-A, value: '1'}, {name: x-a, value: "
      "'2'}]}}");
  ResponseHead answer(pool_, 200);

  ASSERT_TRUE(filters.apply_to_answer(request(), answer, 0));

  EXPECT_EQ(text(answer.fields()), "x-a: 1\n");
}

TEST_F(RouteFiltersTest, ABackendsFiltersAreForWhatGoesThere) {
  auto backend = [](std::string_view name) {
    return str_cat(kBackend, ", filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-to, ",
                   "value: ", name, "}]}}]}");
  };
  const RouteFilters& filters = rule(str_cat("backendRefs: [", backend("one"), ", ", backend("two"), "]"));
  const RouteRule& bound = snapshot_->routes()[0]->rules[0];
  RequestHead first = request();
  RequestHead second = request();

  ASSERT_TRUE(filters.apply_to_request(first, bound.backends.number(0)));
  ASSERT_TRUE(filters.apply_to_request(second, bound.backends.number(UINT64_MAX)));

  EXPECT_EQ(first.fields().get("x-to"), "one");
  EXPECT_EQ(second.fields().get("x-to"), "two");
}

TEST_F(RouteFiltersTest, RewritesHostAndPathAndKeepsTheQuery) {
  const RouteFilters& filters = filter(
      "{type: URLRewrite, urlRewrite: {hostname: one.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: "
      "/new}}}",
      "matches: [{path: {value: /old}}], ");
  RequestHead head = request("/old/x?y=/old", "a.default:8080");

  ASSERT_TRUE(filters.apply_to_request(head, 0));

  EXPECT_EQ(head.authority(), "one.example");
  EXPECT_EQ(head.path(), "/new/x?y=/old");
}

TEST_F(RouteFiltersTest, ARewriteThatWouldBeAmbiguousIsRefused) {
  const RouteFilters& filters =
      filter("{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}",
             "matches: [{path: {value: /old}}], ");
  RequestHead head = request("/old//admin");

  EXPECT_EQ(filters.apply_to_request(head, 0).error().reason, Reason::kBadRequest);
}

TEST_F(RouteFiltersTest, ATargetOfAnyLengthHasALimitAfterTheRewrite) {
  const RouteFilters& filters =
      filter("{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /longer}}}",
             "matches: [{path: {value: /a}}], ");
  RequestHead head = request(str_cat("/a/", std::string(16 * 1024 - 3, 'x')));

  EXPECT_EQ(filters.apply_to_request(head, 0).error().reason, Reason::kUriTooLong);
}

TEST_F(RouteFiltersTest, AHeadThatGrowsTooLargeIsRefused) {
  const RouteFilters& filters = filter(
      str_cat("{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: x-a, value: ", std::string(4000, 'v'),
              "}]}}"));
  RequestHead head = request();
  EXPECT_TRUE(head.fields().add("x-large", std::string(58 * 1024, 'x')));

  EXPECT_EQ(filters.apply_to_request(head, 0).error().reason, Reason::kRequestHeadTooLarge);
}

struct RedirectCase {
  const char* filter;
  const char* path;
  const char* authority;
  uint16_t port;
  const char* answer;
};
class Redirects : public RouteFiltersTest, public testing::WithParamInterface<RedirectCase> {};
TEST_P(Redirects, ComposeTheLocation) {
  const RedirectCase& one = GetParam();
  EXPECT_EQ(location(redirect(one.filter), request(one.path, one.authority), one.port), one.answer);
}
// HTTPRequestRedirectFilter.port: what is set; else the scheme's own; else the port that was dialled; :80 and :443 are
// left out where they go without saying.
INSTANTIATE_TEST_SUITE_P(
    Ports, Redirects,
    testing::Values(RedirectCase{"hostname: b.example", "/x?q", "a", 80, "302 http://b.example/x?q"},
                    RedirectCase{"hostname: b.example", "/", "a", 8080, "302 http://b.example:8080/"},
                    RedirectCase{"scheme: https", "/", "a", 8080, "302 https://a/"},
                    RedirectCase{"scheme: http", "/", "a:8080", 8080, "302 http://a/"},
                    RedirectCase{"scheme: https, port: 8443", "/", "a", 80, "302 https://a:8443/"},
                    RedirectCase{"scheme: https, port: 443", "/", "a", 80, "302 https://a/"},
                    RedirectCase{"scheme: https, port: 80", "/", "a", 80, "302 https://a:80/"},
                    RedirectCase{"scheme: http, port: 443", "/", "a", 80, "302 http://a:443/"},
                    RedirectCase{"port: 80", "/", "a:8080", 8080, "302 http://a/"},
                    RedirectCase{"port: 443", "/", "a", 80, "302 http://a:443/"},
                    RedirectCase{"port: 8083", "/", "a", 80, "302 http://a:8083/"},
                    RedirectCase{"scheme: https", "/", "[::1]:8080", 8080, "302 https://[::1]/"},
                    RedirectCase{"statusCode: 301", "/", "[::1]", 80, "301 http://[::1]/"}));
INSTANTIATE_TEST_SUITE_P(
    PathsAndStatuses, Redirects,
    testing::Values(
        RedirectCase{"statusCode: 303", "/a", "a", 80, "303 http://a/a"},
        RedirectCase{"statusCode: 307", "/a", "a", 80, "307 http://a/a"},
        RedirectCase{"statusCode: 308", "/a", "a", 80, "308 http://a/a"},
        RedirectCase{"path: {type: ReplaceFullPath, replaceFullPath: /full}", "/a/b?c", "a", 80, "302 http://a/full?c"},
        RedirectCase{"path: {type: ReplacePrefixMatch, replacePrefixMatch: /n}", "/a/b", "a", 80, "302 http://a/n/a/b"},
        RedirectCase{"path: {type: ReplacePrefixMatch, replacePrefixMatch: /}", "//evil.example", "a", 80,
                     "bad-request"},
        RedirectCase{"port: 81", "//evil.example", "a", 80, "302 http://a:81//evil.example"},
        RedirectCase{"port: 81", "//evil.example", "", 80, "bad-request"},
        RedirectCase{"port: 81", "/a", "", 80, "302 /a"}, RedirectCase{"port: 81", "*", "a", 80, "302 http://a:81/"}));

TEST_F(RouteFiltersTest, AFaultStrikesTheShareItNames) {
  const RouteFilters& filters = fault("abort: {status: 503, percent: 25}, delay: {duration: 1s, percent: 50}");
  RequestHead head = request();
  int aborted = 0;
  int delayed = 0;
  int both = 0;

  for (uint64_t i = 0; i < 10'000; ++i) {
    uint64_t draw = i * 0x1234'5678'9abc'def1ULL;
    bool aborts = filters.answer_to(head, draw) == LocalAnswer::kAbort;
    bool delays = filters.delay_of(head, draw) == 1s;
    aborted += aborts;
    delayed += delays;
    both += aborts && delays;
  }

  EXPECT_NEAR(aborted, 2500, 250);
  EXPECT_NEAR(delayed, 5000, 250);
  EXPECT_NEAR(both, 1250, 250);  // one says nothing about the other
}

TEST_F(RouteFiltersTest, AllAndNoneAreExact) {
  const RouteFilters& all = fault("abort: {status: 503}");
  EXPECT_EQ(all.answer_to(request(), 0), LocalAnswer::kAbort);
  EXPECT_EQ(all.answer_to(request(), UINT64_MAX), LocalAnswer::kAbort);
  auto first = snapshot_;

  const RouteFilters& none = fault("abort: {status: 503, percent: 0}");
  for (uint64_t draw = 0; draw < 1000; ++draw) EXPECT_EQ(none.answer_to(request(), draw), LocalAnswer::kNone);
}

TEST_F(RouteFiltersTest, AFaultWantsEveryHeaderItNames) {
  const RouteFilters& filters =
      fault("abort: {status: 503}, headers: [{name: X-Test, value: 'on'}, {name: x-user, value: ada}]");
  RequestHead head = request();
  EXPECT_TRUE(head.fields().add("x-test", "on"));

  EXPECT_EQ(filters.answer_to(head, 0), LocalAnswer::kNone);
  EXPECT_TRUE(head.fields().add("x-user", "ada"));
  EXPECT_EQ(filters.answer_to(head, 0), LocalAnswer::kAbort);
}

TEST_F(RouteFiltersTest, APreflightIsAnsweredBeforeAnythingElse) {
  const RouteFilters& filters = rule(
      str_cat("filters: [{type: CORS, cors: {allowOrigins: ['*']}}, ", kExtension, "], backendRefs: [", kBackend, "}]"),
      "fault: {delay: {duration: 1s}, abort: {status: 503}}");
  RequestHead head = request();
  EXPECT_TRUE(head.set_method("OPTIONS") && head.fields().add("origin", "https://b") &&
              head.fields().add("access-control-request-method", "PUT"));

  EXPECT_EQ(filters.delay_of(head, 0), Duration{});
  EXPECT_EQ(filters.answer_to(head, 0), LocalAnswer::kPreflight);
  EXPECT_EQ(filters.answer_to(request(), 0), LocalAnswer::kAbort);
}

TEST_F(RouteFiltersTest, AllocateNothingPerRequest) {
  const RouteFilters& filters = filter(
      "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: b}], remove: [x-c]}}, "
      "{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: x-a, value: b}]}}, "
      "{type: CORS, cors: {allowOrigins: ['https://*.example']}}, "
      "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}",
      "matches: [{path: {value: /old}}], ");
  RequestHead head = request("/old/path");
  EXPECT_TRUE(head.fields().add("origin", "https://b.example"));
  ResponseHead answer(pool_, 200);
  EXPECT_TRUE(answer.fields().add("x-z", "z"));

  AllocationCounter counter;
  bool fits = filters.delay_of(head, 7) == Duration{} && filters.answer_to(head, 7) == LocalAnswer::kNone &&
              filters.apply_to_request(head, 0).has_value() && filters.apply_to_answer(head, answer, 0);
  size_t allocations = counter.count();

  EXPECT_TRUE(fits);
  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(head.path(), "/new/path");
}
}  // namespace
}  // namespace heddle
