// The whole control plane on loopback: certificates and the configuration API, over TLS as their clients speak.
#include <sys/stat.h>

#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"

namespace heddle {
namespace {
constexpr std::string_view kBackends =
    R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"hello"},)"
    R"("spec":{"endpoints":[{"address":"127.0.0.1","port":8080}],"tls":"plaintext"}})";
constexpr std::string_view kService = R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"hello"},)"
                                      R"("spec":{"ports":[{"port":80,"protocol":"http"}]}})";

std::string text_at(const RpcResponse& response, JsonValue::Path path) {
  auto document = JsonValue::parse(response.body);
  auto value = document ? document->find(path) : std::nullopt;
  return std::string(value ? value->as_string().value_or("") : "");
}

std::string list_of(std::initializer_list<std::string_view> items) {
  std::string out = R"({"kind":"List","items":[)";
  for (std::string_view item : items) out.append(out.back() == '[' ? "" : ",").append(item);
  return out + "]}";
}

class ControlApiTest : public testing::Test {
 protected:
  mode_t mode_of(std::string_view file) {
    struct stat status {};
    EXPECT_EQ(::stat((rig_.data() / file).c_str(), &status), 0) << file;
    return status.st_mode & 0777;
  }
  ControlRig rig_;
};

TEST_F(ControlApiTest, KeepsItsSecretsToItself) {
  EXPECT_EQ(mode_of("."), 0700U);
  EXPECT_EQ(mode_of("ca.pem"), 0600U);
  EXPECT_EQ(mode_of("heddle.db"), 0600U);
  EXPECT_EQ(mode_of("admin.context"), 0600U);
  EXPECT_EQ(mode_of("audit.log"), 0600U);
  EXPECT_EQ(mode_of("root.pem"), 0644U);
}

TEST_F(ControlApiTest, AJoinTokenGivesOneCertificateAndNoMore) {
  std::string token = rig_.join_token();

  auto first = rig_.attest(token);
  auto second = rig_.attest(token);

  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->id.text(), "spiffe://cluster.local/ns/default/sa/web");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, Reason::kUnauthenticated);
}

TEST_F(ControlApiTest, ATokenDoesNotNameAnotherIdentity) {
  auto svid = rig_.attest(rig_.join_token(), "spiffe://cluster.local/ns/default/sa/thief");

  ASSERT_FALSE(svid);
  EXPECT_EQ(svid.error().reason, Reason::kUnauthenticated);
}

TEST_F(ControlApiTest, AFailedAttestationSaysNothingButThat) {
  RpcResponse answer = rig_.call_watch_port(nullptr, "/v1/attest", R"({"token":"x","csr":"y"})");

  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, R"({"reason":"unauthenticated"})");
}

TEST_F(ControlApiTest, WhoFailsTooOftenIsNotEvenHeard) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/attest", "{}").status, 401);
  }

  // On a slow machine the limit gives back one or two of them meanwhile: one each second.
  uint16_t status = 401;
  for (int i = 0; status == 401 && i < 100; ++i) status = rig_.call_watch_port(nullptr, "/v1/attest", "{}").status;
  EXPECT_EQ(status, 429);
}

TEST_F(ControlApiTest, WithoutACertificateOnlyAttestationAnswers) {
  EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/renew", "{}").status, 401);
  EXPECT_EQ(rig_.call_watch_port(nullptr, "/v1/watch", "").status, 403);
}

TEST_F(ControlApiTest, ACertificateRenewsItselfUntilItsSuccessorIsUsed) {
  Svid first = *rig_.attest(rig_.join_token());
  auto second = rig_.renew(first);
  ASSERT_TRUE(second) << second.error().text();
  ScriptedSidecar sidecar(rig_, std::make_shared<const Svid>(*second));
  sidecar.connect({});
  ASSERT_TRUE(sidecar.is_open());

  auto late = rig_.renew(first);

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, Reason::kUnauthenticated);
  EXPECT_TRUE(rig_.renew(*second));
}

TEST_F(ControlApiTest, WithoutTheAdminsTokenNothingIsTold) {
  for (std::string_view token : {"", "wrong"}) {
    RpcResponse answer = rig_.call_as(token, "GET", "/v1/status");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"reason":"unauthenticated","message":""})");
  }
  EXPECT_NE(rig_.read("audit.log").find(R"("audit":"deny","status":"unauthenticated")"), std::string::npos);
}

TEST_F(ControlApiTest, AppliesAListAsOneVersion) {
  RpcResponse answer = rig_.call("POST", "/v1/apply", list_of({kBackends, kService}));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"version":"1.1","results":[{"key":"BackendSet/default/hello","result":"created"},)"
                         R"({"key":"Service/default/hello","result":"created"}]})");
}

TEST_F(ControlApiTest, WhatIsThereAlreadyMakesNoVersion) {
  rig_.apply(str_cat(kBackends, ",", kService));

  RpcResponse answer = rig_.call("POST", "/v1/apply", list_of({kBackends}));

  EXPECT_EQ(answer.body, R"({"version":"1.1","results":[{"key":"BackendSet/default/hello","result":"unchanged"}]})");
}

TEST_F(ControlApiTest, ExplainsAtTheVersionThatApplyMade) {
  constexpr std::string_view kQuestion = R"({"url":"http://hello/"})";
  EXPECT_EQ(text_at(rig_.call("POST", "/v1/explain", std::string(kQuestion)), {"reason"}), "service-unknown");

  std::string version = rig_.apply(str_cat(kBackends, ",", kService));
  RpcResponse answer = rig_.call("POST", "/v1/explain", std::string(kQuestion));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(text_at(answer, {"version"}), version);
  EXPECT_EQ(text_at(answer, {"reason"}), "none");
  EXPECT_EQ(rig_.call("POST", "/v1/explain", "{}").status, 400);
  EXPECT_EQ(rig_.call("GET", "/v1/explain").status, 405);
  EXPECT_EQ(rig_.call_as("wrong", "POST", "/v1/explain", std::string(kQuestion)).status, 401);
}

TEST_F(ControlApiTest, ADryRunChangesNothing) {
  RpcResponse answer = rig_.call("POST", "/v1/apply?dryRun=true", list_of({kBackends}));

  EXPECT_EQ(text_at(answer, {"version"}), "1.1");
  EXPECT_EQ(rig_.call("GET", "/v1/resources/backendsets/default/hello").status, 404);
}

TEST_F(ControlApiTest, RefusesTheWholeListWithEveryProblem) {
  RpcResponse answer = rig_.call("POST", "/v1/apply", list_of({kBackends, R"({"kind":"Gadget"})"}));

  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"("resource":"items[1]")"), std::string::npos) << answer.body;
  EXPECT_EQ(rig_.call("GET", "/v1/resources/backendsets/default/hello").status, 404);
}

TEST_F(ControlApiTest, RefusesReferencesThatLeadNowhere) {
  RpcResponse answer = rig_.call("POST", "/v1/apply", list_of({kService}));

  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"("path":"spec.ports[0].backendSet")"), std::string::npos) << answer.body;
}

TEST_F(ControlApiTest, RefusesAnItemThatSomebodyElseChanged) {
  rig_.apply(kBackends);
  RpcResponse got = rig_.call("GET", "/v1/resources/backendsets/default/hello");
  std::string changed = got.body;
  changed.replace(changed.find("8080"), 4, "8081");
  EXPECT_EQ(rig_.apply(changed), "1.2");

  RpcResponse stale = rig_.call("POST", "/v1/apply", list_of({changed}));

  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(text_at(stale, {"reason"}), "conflict");
}

TEST_F(ControlApiTest, ShowsWhatTheServerKnowsOfAResource) {
  rig_.apply(kBackends);

  RpcResponse one = rig_.call("GET", "/v1/resources/backendsets/default/hello");
  RpcResponse all = rig_.call("GET", "/v1/resources/backendsets");
  RpcResponse elsewhere = rig_.call("GET", "/v1/resources/backendsets?namespace=other");

  EXPECT_EQ(text_at(one, {"metadata", "resourceVersion"}), "1.1");
  EXPECT_EQ(text_at(one, {"metadata", "uid"}).size(), 36U);
  EXPECT_NE(all.body.find(one.body), std::string::npos);
  EXPECT_EQ(elsewhere.body, R"({"kind":"List","version":"1.1","items":[]})");
}

TEST_F(ControlApiTest, DeletesOnlyWhatNobodyRefersTo) {
  rig_.apply(str_cat(kBackends, ",", kService));

  RpcResponse refused = rig_.call("DELETE", "/v1/resources/backendsets/default/hello");
  RpcResponse service = rig_.call("DELETE", "/v1/resources/services/default/hello");
  RpcResponse backends = rig_.call("DELETE", "/v1/resources/backendsets/default/hello");
  RpcResponse again = rig_.call("DELETE", "/v1/resources/backendsets/default/hello");

  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("Service/default/hello"), std::string::npos);
  EXPECT_EQ(service.body, R"({"version":"1.2"})");
  EXPECT_EQ(backends.body, R"({"version":"1.3"})");
  EXPECT_EQ(again.status, 404);
}

TEST_F(ControlApiTest, RefusesOtherMethodsAndPaths) {
  EXPECT_EQ(rig_.call("PUT", "/v1/version").status, 405);
  EXPECT_EQ(rig_.call("GET", "/v2/version").status, 404);
  EXPECT_EQ(rig_.call("GET", "/v1/resources/gadgets").status, 404);
}

TEST_F(ControlApiTest, WhoIsNotAuthenticatedDoesNotLearnWhatThereIs) {
  for (const char* path : {"/v1/version", "/v1/status", "/v2/version", "/"}) {
    EXPECT_EQ(rig_.call_as("", "GET", path).status, 401) << path;
    EXPECT_EQ(rig_.call_as("", "PUT", path).status, 401) << path;
  }
}

TEST_F(ControlApiTest, RefusesTokensForNobodyOfThisMesh) {
  EXPECT_EQ(rig_.call("POST", "/v1/tokens", R"({"id":"spiffe://other.org/ns/a/sa/b"})").status, 400);
  EXPECT_EQ(rig_.call("POST", "/v1/tokens", R"({"id":"web"})").status, 400);
  EXPECT_EQ(rig_.call("POST", "/v1/tokens", R"({"id":"spiffe://cluster.local/a","ttl":"25h"})").status, 400);
}

TEST_F(ControlApiTest, ATokenLivesTenMinutesUnlessTheCallerSaysOtherwise) {
  auto expires = [this](std::string_view ttl) {
    return text_at(rig_.call("POST", "/v1/tokens", str_cat(R"({"id":"spiffe://cluster.local/a")", ttl, "}")),
                   {"expires"});
  };

  std::string before = expires(R"(,"ttl":"600s")");
  std::string unsaid = expires("");
  std::string after = expires(R"(,"ttl":"600s")");

  EXPECT_FALSE(before.empty());
  EXPECT_LE(before, unsaid);  // times of one form: their texts are in their order
  EXPECT_LE(unsaid, after);
}

TEST_F(ControlApiTest, EveryWriteLeavesALineInTheAuditLog) {
  rig_.apply(kBackends);
  rig_.call("DELETE", "/v1/resources/backendsets/default/hello");

  std::string log = rig_.read("audit.log");

  EXPECT_NE(log.find(R"("audit":"apply","status":"ok")"), std::string::npos);
  EXPECT_NE(log.find(R"("subject":"BackendSet/default/hello","detail":"created in version 1.1")"), std::string::npos);
  EXPECT_NE(log.find(R"("subject":"BackendSet/default/hello","detail":"deleted in version 1.2")"), std::string::npos);
}

TEST_F(ControlApiTest, ARestartKeepsRootTokenAndResources) {
  std::string version = rig_.apply(kBackends);
  std::string root = rig_.read("root.pem");
  std::string token = rig_.admin_token();

  rig_.crash();
  rig_.start();

  EXPECT_EQ(rig_.read("root.pem"), root);
  EXPECT_EQ(rig_.admin_token(), token);
  EXPECT_EQ(text_at(rig_.call("GET", "/v1/status"), {"version"}), version);
  EXPECT_EQ(rig_.apply(str_cat(kBackends, ",", kService)), "1.2");
}

TEST_F(ControlApiTest, ASecondProcessOnTheSameDataIsRefused) {
  ControlOptions options;
  options.data = rig_.data().string();
  options.watch = options.api = options.health = Address::loopback(0);
  options.trust_domain = *TrustDomain::parse("cluster.local");
  CapturedLog log;
  Registry metrics;
  SeededRandom random(1);

  auto second = ControlServer::start({options, rig_.loop, log.log(), metrics, random});

  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("another process"), std::string::npos) << second.error().detail;
}

TEST_F(ControlApiTest, AnAddressThatIsTakenIsNamed) {
  ControlOptions options;
  options.data = (rig_.data().parent_path() / "other").string();
  options.watch = options.health = Address::loopback(0);
  options.api = rig_.server_->api_address();
  options.trust_domain = *TrustDomain::parse("cluster.local");
  CapturedLog log;
  Registry metrics;
  SeededRandom random(1);

  auto second = ControlServer::start({options, rig_.loop, log.log(), metrics, random});

  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find(str_cat("--api: ", options.api.text())), std::string::npos);
}
}  // namespace
}  // namespace heddle
