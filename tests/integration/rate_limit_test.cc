// RateLimitPolicies through whole sidecars: who is refused, what answers and metrics say, what a push keeps.
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
std::string rate_limit_yaml(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: p}, spec: {", spec, "}}\n---\n");
}
std::string series_of(std::string_view limit, std::string_view mode) {
  return str_cat("heddle_rate_limited_total{limit=\"", limit, "\",mode=\"", mode, "\",policy=\"default/p\"}");
}

class RateLimitedMesh : public MeshFixture {
 protected:
  void start() {
    origin_ = &add_answering_origin("hello");
    Sidecar& inbound = add_inbound(origin_->address());
    inbound.publish(snapshot_of(service_yaml("a")));
    start_outbound(hello_snapshot({inbound.address()}, kServerId));
  }
  // In force at the receiving sidecar when it returns: the limit was not there before.
  void push(std::string_view spec, std::string_view limit, std::string_view mode = "enforce") {
    inbound_.front()->publish(snapshot_of(rate_limit_yaml(spec)));
    wait_metric(*inbound_.front(), series_of(limit, mode), 0);
  }
  int passed(BlockingClient& client, int tries) {
    int out = 0;
    for (int i = 0; i < tries; ++i) {
      last_ = client.get("/");
      out += last_.starts_with("HTTP/1.1 200") ? 1 : 0;
    }
    return out;
  }
  RawOrigin* origin_ = nullptr;
  std::string last_;
};

TEST_F(RateLimitedMesh, RefusesBeforeTheApplicationSeesTheRequest) {
  start();
  push("limits: [{name: a, requests: 3, per: 1h}]", "a");
  BlockingClient client(entry());

  EXPECT_EQ(passed(client, 10), 3);
  EXPECT_EQ(origin_->requests(), 3);
  EXPECT_TRUE(last_.starts_with("HTTP/1.1 429 ")) << last_;
  EXPECT_EQ(reason_of(last_), "rate-limited; policy=default/p; limit=a; version=0");
  EXPECT_NE(last_.find("\r\nretry-after: "), std::string::npos) << last_;
  wait_metric(*inbound_.front(), series_of("a", "enforce"), 7);
}

TEST_F(RateLimitedMesh, TheCallersSidecarDoesNotTryAgain) {
  start();
  push("limits: [{name: a, requests: 1, per: 1h}]", "a");
  BlockingClient client(entry());

  EXPECT_EQ(passed(client, 2), 1);

  wait_metric(*inbound_.front(), series_of("a", "enforce"), 1);
  EXPECT_EQ(passed(client, 1), 0);
  wait_metric(*inbound_.front(), series_of("a", "enforce"), 2);
}

TEST_F(RateLimitedMesh, WhoIsDeniedTakesNothing) {
  start();
  inbound_.front()->publish(snapshot_of(str_cat(
      rate_limit_yaml("limits: [{name: a, requests: 2, per: 1h}]"),
      "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: d}, spec: {action: deny, rules: [{to: "
      "[{paths: [{type: PathPrefix, value: /closed}]}]}]}}\n---\n")));
  wait_metric(*inbound_.front(), series_of("a", "enforce"), 0);
  BlockingClient client(entry());

  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.get("/closed").starts_with("HTTP/1.1 403"));

  EXPECT_EQ(passed(client, 5), 2);
}

TEST_F(RateLimitedMesh, APushThatKeepsTheLimitKeepsItsBucket) {
  start();
  push("limits: [{name: a, requests: 3, per: 1h}]", "a");
  BlockingClient client(entry());
  ASSERT_EQ(passed(client, 3), 3);

  push("limits: [{name: a, requests: 3, per: 1h}, {name: b, requests: 9, per: 1h}]", "b");
  EXPECT_EQ(passed(client, 3), 0);
  push("limits: [{name: c, requests: 3, per: 1h}]", "c");
  EXPECT_EQ(passed(client, 5), 3);
}

TEST_F(RateLimitedMesh, AReportRefusesNobody) {
  start();
  push("mode: report, limits: [{name: a, requests: 3, per: 1h}]", "a", "report");
  BlockingClient client(entry());

  EXPECT_EQ(passed(client, 10), 10);
  wait_metric(*inbound_.front(), series_of("a", "report"), 7);
}

// Whichever worker takes a connection: together they let through what one would.
TEST_F(RateLimitedMesh, WorkersTogetherLetThroughTheLimit) {
  origin_ = &add_answering_origin("hello");
  Settings settings = inbound_settings(origin_->address(), InboundTls::kOff);
  settings.config.source = ConfigSettings::Source::kFiles;  // a worker that has no configuration yet lets nobody in
  inbound_.push_back(std::make_unique<Sidecar>(std::move(settings), 4));
  inbound_.back()->publish(snapshot_of(rate_limit_yaml("limits: [{name: a, requests: 7, per: 1h}]")));
  ASSERT_TRUE(inbound_.back()->start());

  int through = 0;
  for (int refused = 0; refused < 40;) {
    BlockingClient client(inbound_.back()->address());
    std::string answer = client.get("/");
    ASSERT_FALSE(answer.empty());
    through += answer.starts_with("HTTP/1.1 200") ? 1 : 0;
    refused += answer.starts_with("HTTP/1.1 429") ? 1 : 0;
    ASSERT_LE(through, 7);
  }

  EXPECT_EQ(through, 7);
}
}  // namespace
}  // namespace heddle
