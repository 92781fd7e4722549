#include "control/api/plan_api.h"

#include <gmock/gmock.h>

#include "control/api/apply_request.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ledger_now.h"
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
  PlanApiTest() : ledger_(store_.database) {}
  void SetUp() override {
    for (std::string_view name : {"a", "b"}) {
      store_.put(backend_set(name));
      store_.put(service(name));
    }
    version_ = store_.put(route(to_set("a")));
    grant(R"([{"role":"plan","namespaces":["default"]}])");
  }
  // To the token "t" of the name admin-1.
  void grant(std::string_view grants) {
    static_cast<void>(commit_now(ledger_, {RemoveAdminToken{"admin-1"}}));  // there may be none
    AdminTokenRow row{"admin-1", "", {}, std::string(grants)};
    ASSERT_TRUE(commit_now(ledger_, {AddAdminToken{sha256(as_bytes(std::string_view("t"))), row}}));
  }
  // The answer, if there is one.
  std::optional<RpcResponse> ask(const Envelope& resource, std::string query = "") {
    RpcRequest request;
    request.method = "POST";
    request.path = "/v1/plan";
    request.headers.emplace_back("authorization", "Bearer t");
    request.body = str_cat(R"({"kind":"List","items":[)", resource.document.compact(), "]}");
    request.query = std::move(query);
    answer_.reset();
    api_.plan(request, {"1", "admin-1", "127.0.0.1:1"}, [this](RpcResponse r) { answer_ = std::move(r); });
    return answer_;
  }
  // Once the sidecars, if they are asked, have answered with facts_.
  JsonValue plan(const Envelope& resource, std::string query = "") {
    ask(resource, std::move(query));
    if (waiting_) answer_facts();
    EXPECT_TRUE(answer_ && answer_->status == 200) << (answer_ ? answer_->body : "no answer");
    return answer_ ? *JsonValue::parse(answer_->body) : JsonValue();
  }
  void answer_facts() {
    FactsFetcher::Done done = std::move(waiting_);
    waiting_ = nullptr;
    done(std::move(facts_));
  }
  void remember(std::string_view node, KeptFacts kept) {
    facts_.sidecars.push_back({{str_cat("spiffe://cluster.local/ns/default/sa/", node), std::string(node)}, kept});
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
  static PlanNode node(std::string_view ns) {
    std::string id = str_cat("spiffe://cluster.local/ns/", ns, "/sa/web");
    return {{id, "web-0"}, {*SpiffeId::parse(id), WatchScope::kWants, {*ResourceKey::parse("Service/default/a")}}};
  }

  std::vector<PlanNode> nodes_ = {node("default")};
  TestStore store_;
  SqliteLedger ledger_;
  Lines audit_;
  Lines refusals_;
  AccessGate gate_{{ledger_, refusals_, store_.clock, store_.random}};
  FactsResult facts_;
  FactsFetcher::Done waiting_;
  std::vector<std::string> asked_;
  std::optional<RpcResponse> answer_;
  Version version_;
  std::string caveat_;
  PlanApi api_{{*store_.store, audit_, store_.clock, "cluster.local",
                [](std::vector<ApiProblem>& problems) {
                  return whole_admission(problems, Reason::kConfigInvalid, *TrustDomain::parse("cluster.local"));
                },
                [this] { return nodes_; },
                [this](const FactsQuery& query, FactsFetcher::Done done) {
                  asked_.push_back(query.ns);
                  waiting_ = std::move(done);
                  return Pending();
                },
                gate_, [this] { return caveat_; }}};
};

TEST_F(PlanApiTest, TellsWhatWouldBecomeOfResourcesRoutesSidecarsAndRequestsAndWritesNothing) {
  remember("web-0", {{fact()}, 16});

  JsonValue out = plan(route(to_set("b")));

  EXPECT_EQ(at(out, {"wouldChange"}), "true");
  EXPECT_EQ(at(out, {"changes", "configured"}), "1");
  EXPECT_THAT(at(out, {"changes", "resources"}), HasSubstr(R"("path":"spec.rules[0].backendRefs[0].name")"));
  EXPECT_THAT(at(out, {"routes", "rows"}), HasSubstr(R"("now":"default/b")"));
  EXPECT_EQ(at(out, {"sidecars", "affected"}), "1");
  EXPECT_THAT(at(out, {"sidecars", "names"}), HasSubstr("web-0"));
  EXPECT_EQ(at(out, {"traffic", "seen"}), "16");
  EXPECT_THAT(at(out, {"traffic", "groups"}), HasSubstr("would go to BackendSet default/b"));
  EXPECT_EQ(store_->version(), version_);
}

TEST_F(PlanApiTest, EveryQuestionToSidecarsIsAudited) {
  plan(route(to_set("b")));

  EXPECT_THAT(asked_, ElementsAre("default"));
  ASSERT_EQ(audit_.all.size(), 1U);
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("audit":"plan-facts","status":"ok")"));
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("caller_id":"admin-1")"));
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("subject":"namespace default")"));
}

TEST_F(PlanApiTest, WhoMayNotSeeTheRequestsGetsTheRest) {
  grant(R"([{"role":"viewer","namespaces":["default"]}])");

  JsonValue out = plan(route(to_set("b")));

  EXPECT_TRUE(asked_.empty());
  EXPECT_THAT(at(out, {"traffic", "notes"}), HasSubstr("namespace default: "));
  EXPECT_EQ(at(out, {"changes", "configured"}), "1");
  ASSERT_EQ(audit_.all.size(), 1U);
  EXPECT_THAT(audit_.all[0], HasSubstr(R"("status":"forbidden")"));
}

TEST_F(PlanApiTest, WaitsForTheSidecarsAndSaysWhoDidNotAnswer) {
  facts_.silent.push_back({"spiffe://cluster.local/ns/default/sa/web", "web-0"});
  facts_.connected = facts_.asked = 1;

  EXPECT_FALSE(ask(route(to_set("b"))).has_value());
  answer_facts();

  ASSERT_TRUE(answer_.has_value());
  EXPECT_THAT(answer_->body, HasSubstr("namespace default: 1 of 1 sidecars did not answer: web-0"));
}

TEST_F(PlanApiTest, WhoWaitsIsToldWhenThisReplicaLeaves) {
  ask(route(to_set("b")));

  api_.drain();

  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ(answer_->status, info(Reason::kDraining).status);
}

TEST_F(PlanApiTest, TooManyThatWaitAreRefused) {
  for (size_t i = 0; i < PlanApi::kMaxJobs; ++i) {
    EXPECT_FALSE(ask(route(to_set("b"))).has_value());
    store_.clock.advance(1s);
  }

  std::optional<RpcResponse> answer = ask(route(to_set("b")));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, info(Reason::kOverload).status);
}

TEST_F(PlanApiTest, PlansAreRateLimited) {
  for (int i = 0; i < PlanApi::kPlansAtOnce; ++i) plan(route(to_set("b")), "replay=false");

  std::optional<RpcResponse> answer = ask(route(to_set("b")), "replay=false");

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, info(Reason::kRateLimited).status);
  store_.clock.advance(1s);
  plan(route(to_set("b")), "replay=false");
}

// Two sidecars of two namespaces: what is held is bounded after each answer, not at the end.
TEST_F(PlanApiTest, TheShareIsOfAllNamespacesTogether) {
  nodes_ = {node("default"), node("shop")};
  grant(R"([{"role":"plan","namespaces":["*"]}])");
  remember("web-0", {std::vector<RequestFact>(PlanApi::kMaxFacts, fact()), 0});
  FactsResult second = facts_;

  ask(route(to_set("b")));
  answer_facts();
  facts_ = std::move(second);
  ASSERT_TRUE(static_cast<bool>(waiting_));
  answer_facts();

  ASSERT_TRUE(answer_.has_value());
  JsonValue out = *JsonValue::parse(answer_->body);
  EXPECT_THAT(asked_, ElementsAre("default", "shop"));
  EXPECT_EQ(at(out, {"traffic", "requests"}), std::to_string(PlanApi::kMaxFacts));
  EXPECT_THAT(at(out, {"traffic", "notes"}), HasSubstr("of 40000 remembered requests"));
}

TEST_F(PlanApiTest, SaysWhatItDoesNotKnowOf) {
  caveat_ = "a rollout is watching";

  EXPECT_THAT(at(plan(route(to_set("b"))), {"traffic", "notes"}), HasSubstr("a rollout is watching"));
}

TEST_F(PlanApiTest, WithoutReplayNobodyIsAsked) {
  plan(route(to_set("b")), "replay=false");

  EXPECT_TRUE(asked_.empty());
  EXPECT_TRUE(audit_.all.empty());
}

TEST_F(PlanApiTest, AReplayThatIsNeitherTrueNorFalseIsRefused) {
  std::optional<RpcResponse> answer = ask(route(to_set("b")), "replay=no");

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 400);
  EXPECT_THAT(answer->body, HasSubstr("replay: expected true or false"));
  plan(route(to_set("b")), "replay=true");
  EXPECT_THAT(asked_, ElementsAre("default"));
}

TEST_F(PlanApiTest, AResourceThatChangedMeanwhileIsAConflictWithWhatToDo) {
  Envelope stale = route(to_set("b"));
  stale.document = stale.document.with({"metadata", "resourceVersion"}, JsonValue::string("1.1"));

  std::optional<RpcResponse> answer = ask(stale);

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 409);
  EXPECT_THAT(answer->body, HasSubstr(R"("path":"metadata.resourceVersion")"));
  EXPECT_THAT(answer->body, HasSubstr("heddle get httproute/r -n default -o yaml"));
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
  remember("web-0", {std::vector<RequestFact>(PlanApi::kMaxFacts, fact()), 0});
  remember("web-1", {{fact()}, 0});

  JsonValue out = plan(route(to_set("b")));

  EXPECT_EQ(at(out, {"traffic", "requests"}), std::to_string(PlanApi::kMaxFacts / 2 + 1));
  EXPECT_THAT(at(out, {"traffic", "notes"}), HasSubstr("of 20001 remembered requests"));
}
}  // namespace
}  // namespace heddle
