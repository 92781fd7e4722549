#include "control/api/plan_api.h"

#include <gmock/gmock.h>

#include "control/api/apply_request.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

class Lines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { all.emplace_back(line); }
  std::vector<std::string> all;
};

Envelope route(std::string_view backends) {
  return envelope(str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r",)"
                          R"("namespace":"default"},"spec":{"parentRefs":[{"group":"heddle.dev","kind":"Service",)"
                          R"("name":"a"}],"rules":[{"backendRefs":[)",
                          backends, "]}]}}"));
}
std::string to_set(std::string_view name) {
  return str_cat(R"({"group":"heddle.dev","kind":"BackendSet","name":")", name, R"("})");
}

class PlanApiTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::string_view name : {"a", "b"}) {
      store_.put(backend_set(name));
      store_.put(service(name));
    }
    version_ = store_.put(route(to_set("a")));
  }
  // An answer, if there is one.
  std::optional<RpcResponse> ask(const Envelope& resource, std::string query = "") {
    RpcRequest request;
    request.body = str_cat(R"({"kind":"List","items":[)", resource.document.compact(), "]}");
    request.query = std::move(query);
    answer_.reset();
    api_.plan(request, {"1", "admin-1", "127.0.0.1:1"}, [this](RpcResponse r) { answer_ = std::move(r); });
    return answer_;
  }
  JsonValue plan(const Envelope& resource, std::string query = "") {
    std::optional<RpcResponse> answer = ask(resource, std::move(query));
    EXPECT_TRUE(answer && answer->status == 200) << (answer ? answer->body : "no answer");
    return answer ? *JsonValue::parse(answer->body) : JsonValue();
  }
  static std::string at(const JsonValue& value, JsonValue::Path path) {
    std::optional<JsonValue> found = value.find(path);
    return found ? found->compact() : "";
  }
  static RequestFact fact() {
    RequestFact out;
    out.version = Version{1, 1};
    out.method = "GET";
    out.host = "a";
    out.path = "/cart";
    out.ns = "default";
    out.backend_set = "BackendSet/default/a";
    return out;
  }
  std::vector<PlanNode> nodes() const {
    std::string id = "spiffe://cluster.local/ns/default/sa/web";
    return {{{id, "web-0"}, {*SpiffeId::parse(id), WatchScope::kWants, {*ResourceKey::parse("Service/default/a")}}}};
  }

  TestStore store_;
  Lines audit_;
  std::vector<SidecarFacts> facts_;
  Result<void> may_fetch_;
  bool answers_at_once_ = true;
  std::vector<PlanApi::OnFacts> waiting_;
  std::vector<std::string> asked_;
  std::optional<RpcResponse> answer_;
  Version version_;
  PlanApi api_{{*store_.store, audit_, store_.clock, "cluster.local",
                [](std::vector<ApiProblem>& problems) {
                  return whole_admission(problems, Reason::kConfigInvalid, *TrustDomain::parse("cluster.local"));
                },
                [this] { return nodes(); },
                [this](const std::string& ns, PlanApi::OnFacts done) {
                  asked_.push_back(ns);
                  if (!answers_at_once_) return waiting_.push_back(std::move(done));
                  done(facts_, "");
                },
                [this](const RpcRequest&, std::string_view) { return may_fetch_; }}};
};

TEST_F(PlanApiTest, TellsWhatWouldBecomeOfResourcesRoutesSidecarsAndRequestsAndWritesNothing) {
  facts_ = {{"web-0", "", 16, {fact()}}};

  JsonValue out = plan(route(to_set("b")));

  EXPECT_EQ(at(out, {"wouldChange"}), "true");
  EXPECT_EQ(at(out, {"changes", "changed"}), "1");
  EXPECT_THAT(at(out, {"changes", "resources"}), HasSubstr(R"("path":"spec.rules[0].backendRefs[0].name")"));
  EXPECT_THAT(at(out, {"routes", "rows"}), HasSubstr(R"("after":"default/b")"));
  EXPECT_EQ(at(out, {"sidecars", "affected"}), "1");
  EXPECT_EQ(at(out, {"traffic", "seen"}), "16");
  EXPECT_THAT(at(out, {"traffic", "groups"}), HasSubstr("would go to BackendSet default/b"));
  EXPECT_EQ(store_->version(), version_);
}

TEST_F(PlanApiTest, EveryFetchIsAudited) {
  plan(route(to_set("b")));

  EXPECT_THAT(asked_, ElementsAre("default"));
  ASSERT_EQ(audit_.all.size(), 1U);
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("audit":"plan-facts","status":"ok")"));
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("caller_id":"admin-1")"));
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("subject":"namespace default")"));
}

TEST_F(PlanApiTest, WhoMayNotSeeTheRequestsGetsTheRest) {
  may_fetch_ = make_error(Reason::kForbidden, "needs the role plan");

  JsonValue out = plan(route(to_set("b")));

  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(at(out, {"traffic", "notes"}), R"(["namespace default: needs the role plan"])");
  EXPECT_EQ(at(out, {"changes", "changed"}), "1");
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("status":"forbidden")"));
}

TEST_F(PlanApiTest, WaitsForTheSidecars) {
  answers_at_once_ = false;

  EXPECT_FALSE(ask(route(to_set("b"))).has_value());
  ASSERT_EQ(waiting_.size(), 1U);
  waiting_[0]({}, "no sidecar keeps facts");

  ASSERT_TRUE(answer_.has_value());
  EXPECT_THAT(answer_->body, HasSubstr(R"("notes":["namespace default: no sidecar keeps facts"])"));
}

TEST_F(PlanApiTest, WithoutReplayNobodyIsAsked) {
  plan(route(to_set("b")), "replay=false");

  EXPECT_TRUE(asked_.empty());
  EXPECT_TRUE(audit_.all.empty());
}

TEST_F(PlanApiTest, WhatChangesNothingAsksNobody) {
  JsonValue out = plan(route(to_set("a")));

  EXPECT_EQ(at(out, {"wouldChange"}), "false");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(PlanApiTest, RefusesAsApplyDoes) {
  std::optional<RpcResponse> answer = ask(route(to_set("nobody")));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 400);
  EXPECT_THAT(answer->body, HasSubstr("spec.rules[0].backendRefs[0]"));
}

TEST_F(PlanApiTest, ReplaysAShareOfEverySidecarWhenThereAreTooMany) {
  SidecarFacts many{"web-0", "", std::nullopt, std::vector<RequestFact>(PlanApi::kMaxFacts, fact())};
  facts_ = {many, {"web-1", "", std::nullopt, {fact()}}};

  JsonValue out = plan(route(to_set("b")));

  EXPECT_EQ(at(out, {"traffic", "requests"}), std::to_string(PlanApi::kMaxFacts / 2 + 1));
  EXPECT_THAT(at(out, {"traffic", "notes"}), HasSubstr("of 20001 remembered requests"));
}
}  // namespace
}  // namespace heddle
