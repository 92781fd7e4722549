#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "proxy/telemetry/span_json.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr std::string_view kSampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view kUnsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

class TracerTest : public testing::Test {
 protected:
  SpanIds begin(double ratio = 0) { return Tracer(ratio, random_).begin(fields_); }
  void say(std::string_view name, std::string_view value) { ASSERT_TRUE(fields_.add(name, value)); }
  std::string said() { return std::string(fields_.get(HeaderName::kTraceparent).value_or("")); }
  BlockPool pool_;
  HeaderMap fields_{pool_};
  SeededRandom random_{7};
};

TEST_F(TracerTest, ContinuesTheTraceOfTheCaller) {
  say("tracestate", "a=1");
  say("traceparent", kSampled);

  SpanIds span = begin();

  EXPECT_TRUE(span.is_recorded());
  EXPECT_EQ(span.parent, TraceContext::parse(kSampled)->span_id);
  EXPECT_EQ(span.own.trace_id, TraceContext::parse(kSampled)->trace_id);
  EXPECT_NE(span.own.span_id, span.parent);
  EXPECT_EQ(TraceContext::parse(said()), span.own);
  EXPECT_EQ(fields_.get("tracestate"), "a=1");
}

TEST_F(TracerTest, DoesNotRecordWhatTheCallerDidNotSample) {
  say("traceparent", kUnsampled);

  SpanIds span = begin(1);

  EXPECT_TRUE(span.is_on);
  EXPECT_FALSE(span.is_recorded());
  EXPECT_EQ(said().substr(0, 36), kUnsampled.substr(0, 36));
}

TEST_F(TracerTest, AStrangerDoesNotDecideWhatIsRecorded) {
  say("traceparent", kSampled);

  SpanIds span = Tracer(0, random_).begin(fields_, false);

  EXPECT_TRUE(span.has_parent());
  EXPECT_FALSE(span.is_recorded());
  EXPECT_EQ(said().substr(53), "00");
}

TEST_F(TracerTest, BeginsATraceWhereNoneIsSaid) {
  SpanIds span = begin(1);

  EXPECT_TRUE(span.is_recorded());
  EXPECT_FALSE(span.has_parent());
  EXPECT_EQ(TraceContext::parse(said()), span.own);
}

TEST_F(TracerTest, BeginsATraceWhereWhatIsSaidIsNone) {
  say("tracestate", "a=1");
  say("traceparent", "00-xyz");

  SpanIds span = begin(1);

  EXPECT_FALSE(span.has_parent());
  EXPECT_EQ(fields_.count(HeaderName::kTraceparent), 1U);
  EXPECT_FALSE(fields_.get("tracestate"));
}

TEST_F(TracerTest, TwoFieldsAreNone) {
  say("traceparent", kSampled);
  say("traceparent", kSampled);

  EXPECT_FALSE(begin(1).has_parent());
  EXPECT_EQ(fields_.count(HeaderName::kTraceparent), 1U);
}

TEST_F(TracerTest, RecordsTheShareItIsTold) {
  int recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    HeaderMap fields(pool_);
    recorded += Tracer(0.25, random_).begin(fields).is_recorded() ? 1 : 0;
  }

  EXPECT_NEAR(recorded, 2500, 260);  // six standard deviations
}

TEST(RecordRingTest, DrainsAtMostWhatIsAskedFor) {
  RecordRing<int> ring(8);
  for (int i = 0; i < 5; ++i) ring.push(i);
  std::vector<int> seen;
  auto take = [&seen](int value) { seen.push_back(value); };

  EXPECT_EQ(ring.drain(take, 3), 3U);
  EXPECT_EQ(ring.drain(take, 0), 0U);
  EXPECT_EQ(ring.drain(take), 2U);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4}));
}

SpanRecord span_of(Direction direction, uint16_t status, Reason reason = Reason::kNone) {
  SpanRecord span;
  span.request.direction = direction;
  span.request.status = status;
  span.request.reason = reason;
  span.request.method.assign("GET");
  span.request.path.assign("/cart");
  span.request.start = WallTime(1'700'000'000s);
  span.request.duration = 5ms;
  span.ids.own = *TraceContext::parse(kSampled);
  span.ids.is_on = true;
  return span;
}

JsonValue json_of(const SpanRecord& span) {
  std::string text;
  append_span(text, span);
  auto parsed = JsonValue::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : JsonValue();
}

std::string attribute(const JsonValue& span, std::string_view key) {
  auto list = span.find("attributes");
  for (size_t i = 0; list && i < list->size(); ++i) {
    JsonValue one = list->at(i);
    if (one.find("key")->as_string() != key) continue;
    for (std::string_view type : {"stringValue", "intValue"}) {
      if (auto value = one.find({"value", type})) return std::string(*value->as_string());
    }
  }
  return "none";
}

TEST(SpanJson, IsWhatOtlpTakes) {
  JsonValue span = json_of(span_of(Direction::kInbound, 200));

  EXPECT_EQ(span.find("traceId")->as_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span.find("spanId")->as_string(), "00f067aa0ba902b7");
  EXPECT_FALSE(span.find("parentSpanId"));
  EXPECT_EQ(span.find("kind")->as_integer(), 2);
  EXPECT_EQ(span.find("startTimeUnixNano")->as_string(), "1700000000000000000");
  EXPECT_EQ(span.find("endTimeUnixNano")->as_string(), "1700000000005000000");
  EXPECT_EQ(span.find({"status", "code"})->as_integer(), 0);
  EXPECT_EQ(attribute(span, "http.response.status_code"), "200");
  EXPECT_EQ(attribute(span, "url.path"), "/cart");
  EXPECT_EQ(attribute(span, "error.type"), "none");
}

TEST(SpanJson, SaysTheReasonOfAnAnswerOfOurs) {
  JsonValue span = json_of(span_of(Direction::kOutbound, 503, Reason::kNoHealthyEndpoint));

  EXPECT_EQ(span.find("kind")->as_integer(), 3);
  EXPECT_EQ(span.find({"status", "code"})->as_integer(), 2);
  EXPECT_EQ(attribute(span, "heddle.reason"), "no-healthy-endpoint");
  EXPECT_EQ(attribute(span, "error.type"), "no-healthy-endpoint");
}

// OpenTelemetry, HTTP spans: 4xx is the client's failure, not the server's.
TEST(SpanJson, BlamesWhoIsToBlame) {
  EXPECT_EQ(json_of(span_of(Direction::kInbound, 404)).find({"status", "code"})->as_integer(), 0);
  EXPECT_EQ(json_of(span_of(Direction::kOutbound, 404)).find({"status", "code"})->as_integer(), 2);
  EXPECT_EQ(json_of(span_of(Direction::kInbound, 500)).find({"status", "code"})->as_integer(), 2);
}

TEST(SpanJson, TheBodyNamesWhoSendsIt) {
  std::string spans;
  append_span(spans, span_of(Direction::kInbound, 200));
  spans.push_back(',');
  append_span(spans, span_of(Direction::kInbound, 201));

  auto body = JsonValue::parse(otlp_body({"cart", "shop", "cart-1", "1.0"}, spans));

  ASSERT_TRUE(body);
  JsonValue resource = body->find("resourceSpans")->at(0);
  JsonValue who = *resource.find("resource");
  EXPECT_EQ(attribute(who, "service.name"), "cart");
  EXPECT_EQ(attribute(who, "service.namespace"), "shop");
  EXPECT_EQ(attribute(who, "service.instance.id"), "cart-1");
  EXPECT_EQ(resource.find("scopeSpans")->at(0).find("spans")->size(), 2U);
}
}  // namespace
}  // namespace heddle
