#include "proxy/exchange/filter_answer.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
class FilterAnswers : public testing::Test {
 protected:
  // `rule`: of a route of Service a; `extension`: the spec of HTTPRouteFilter f.
  FilterUse use(std::string_view rule, std::string_view extension = "fault: {abort: {status: 500, percent: 0}}") {
    snapshot_ = snapshot_of(str_cat(
        service_yaml("a"), "{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {", extension,
        "}}\n---\n", "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
        "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{", rule, "}]}}"));
    return {snapshot_->routes()[0]->rules[0].filters.get(), 0, 80, 0};
  }
  RequestHead request(std::string_view method = "GET", std::string_view content_type = "") {
    RequestHead head(pool_);
    bool ok = head.set_method(method) && head.set_scheme("http") && head.set_authority("a") && head.set_path("/");
    if (!content_type.empty()) ok = ok && head.fields().add(HeaderName::kContentType, content_type);
    EXPECT_TRUE(ok);
    return head;
  }
  std::optional<FilterAnswer> answer(const FilterUse& use, RequestHead head,
                                     ReasonDisclosure disclosure = ReasonDisclosure::kName) {
    auto out = filter_request(head, use, disclosure, pool_);
    EXPECT_TRUE(out.has_value());
    return out ? *std::move(out) : std::nullopt;
  }
  static constexpr std::string_view kNamed =
      "filters: [{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}";
  static constexpr std::string_view kBackend = "backendRefs: [{group: heddle.dev, kind: BackendSet, name: a}]";
  BlockPool pool_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(FilterAnswers, ADirectResponseIsWhatWasWritten) {
  FilterUse filters =
      use(str_cat(kNamed,
                  ", {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: ", "x-by, value: us}]}}]"),
          "directResponse: {status: 418, body: tea, contentType: text/x-tea}");

  auto said = answer(filters, request());

  ASSERT_TRUE(said);
  EXPECT_EQ(said->reason, Reason::kDirectResponse);
  EXPECT_EQ(said->reply.head.status, 418);
  EXPECT_EQ(said->reply.head.content_length, 3U);
  EXPECT_EQ(said->reply.body, "tea");
  EXPECT_EQ(said->reply.head.fields().get(HeaderName::kContentType), "text/x-tea");
  EXPECT_EQ(said->reply.head.fields().get(HeaderName::kHeddleReason), "direct-response");
  EXPECT_EQ(said->reply.head.fields().get("x-by"), "us");
}

TEST_F(FilterAnswers, HeadGetsTheLengthWithoutTheBody) {
  auto said = answer(use(str_cat(kNamed, "]"), "directResponse: {status: 200, body: tea}"), request("HEAD"));

  EXPECT_EQ(said->reply.head.content_length, 3U);
  EXPECT_EQ(said->reply.body, "");
}

TEST_F(FilterAnswers, NoContentSaysNothingAboutALength) {
  auto said = answer(use(str_cat(kNamed, "]"), "directResponse: {status: 204}"), request());

  EXPECT_EQ(said->reply.head.status, 204);
  EXPECT_EQ(said->reply.head.content_length, std::nullopt);
}

TEST_F(FilterAnswers, ARedirectHasAnEmptyBody) {
  auto said =
      answer(use("filters: [{type: RequestRedirect, requestRedirect: {statusCode: 308, port: 81}}]"), request());

  EXPECT_EQ(said->reason, Reason::kRouteRedirect);
  EXPECT_EQ(said->reply.head.status, 308);
  EXPECT_EQ(said->reply.head.fields().get(HeaderName::kLocation), "http://a:81/");
  EXPECT_EQ(said->reply.head.content_length, 0U);
}

TEST_F(FilterAnswers, AnAbortSpeaksTheCallersProtocol) {
  FilterUse filters = use(str_cat(kNamed, "], ", kBackend), "fault: {abort: {grpcStatus: 8}}");

  auto http = answer(filters, request());
  auto grpc = answer(filters, request("POST", "application/grpc+proto"));

  EXPECT_EQ(http->reason, Reason::kFaultAbort);
  EXPECT_EQ(http->reply.head.status, 429);
  EXPECT_EQ(http->reply.body, "fault-abort");
  EXPECT_EQ(grpc->reply.head.status, 200);
  EXPECT_EQ(grpc->reply.head.fields().get(HeaderName::kGrpcStatus), "8");
  EXPECT_EQ(grpc->reply.head.fields().get(HeaderName::kGrpcMessage), "fault-abort");
  EXPECT_EQ(grpc->reply.body, "");
}

TEST_F(FilterAnswers, StrangersAreNotToldTheReason) {
  FilterUse filters = use(str_cat(kNamed, "], ", kBackend), "fault: {abort: {status: 503}}");

  auto said = answer(filters, request(), ReasonDisclosure::kNone);

  EXPECT_EQ(said->reply.head.fields().get(HeaderName::kHeddleReason), std::nullopt);
  EXPECT_EQ(said->reply.body, "Service Unavailable");
}

TEST_F(FilterAnswers, ARequestThatGoesOnIsChanged) {
  FilterUse filters = use(str_cat(kNamed,
                                  ", {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: "
                                  "b}]}}], ",
                                  kBackend));
  RequestHead head = request();

  auto said = filter_request(head, filters, ReasonDisclosure::kName, pool_);

  ASSERT_TRUE(said.has_value());
  EXPECT_FALSE(said->has_value());
  EXPECT_EQ(head.fields().get("x-a"), "b");
}

TEST_F(FilterAnswers, AnAnswerThatGrowsTooLargeIsTheUpstreamsFailure) {
  FilterUse filters =
      use(str_cat("filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: x-a, ",
                  "value: ", std::string(4000, 'v'), "}]}}], ", kBackend));
  ResponseHead head(pool_, 200);
  EXPECT_TRUE(head.fields().add("x-large", std::string(58 * 1024, 'x')));

  EXPECT_EQ(filter_answer(request(), filters, head).error().reason, Reason::kUpstreamHeadTooLarge);
}
}  // namespace
}  // namespace heddle
