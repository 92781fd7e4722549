#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/program.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"
#include "lib/event/loop.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRoute[] = R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"hello",
    "namespace":"default","creationTimestamp":"2025-12-31T23:56:48.000Z","resourceVersion":"1.43"},"spec":{
    "hostnames":["a.example","b.example","c.example","d.example"],"parentRefs":[{"kind":"Service","name":"hello"}],
    "rules":[{},{}]},"status":{"parents":[{"conditions":[{"type":"Accepted","status":"True","reason":"Accepted"},
    {"type":"ResolvedRefs","status":"True","reason":"ResolvedRefs"}]}]}})";

std::string list(std::string_view items) {
  return "{\"kind\":\"List\",\"version\":\"1.43\",\"items\":[" + std::string(items) + "]}";
}

TEST(CliGet, ShowsATableOfTheNamespace) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/httproutes?namespace=default", 200, list(kRoute));

  EXPECT_EQ(rig.run("get hr"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "NAME   HOSTNAMES                               PARENTS  RULES  ACCEPTED  AGE\n"
            "hello  a.example,b.example,c.example + 1 more  hello    2      True      3m12s\n");
}

TEST(CliGet, SaysWhyARouteIsNotAccepted) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/httproutes?namespace=default", 200, list(R"({"metadata":{"name":"r"},"status":
      {"parents":[{"conditions":[{"type":"Accepted","status":"True","reason":"Accepted"}]},
                  {"conditions":[{"type":"Accepted","status":"False","reason":"Conflicted"}]}]}})"));

  EXPECT_EQ(rig.run("get hr"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "NAME  HOSTNAMES  PARENTS  RULES  ACCEPTED            AGE\n"
            "r     <none>     <none>   0      False (Conflicted)  <unknown>\n");
}

TEST(CliGet, ShowsTheNamespaceOfEveryResource) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/services", 200,
                     list(R"({"metadata":{"name":"a","namespace":"x"},"spec":{"ports":[{"port":80,"protocol":"http"},
                     {"port":90}],"hosts":["a.example"]}},{"metadata":{"name":"b","namespace":"y"},"spec":7})"));

  EXPECT_EQ(rig.run("get services -A"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "NAMESPACE  NAME  PORTS            HOSTS      AGE\n"
            "x          a     80/http,90/auto  a.example  <unknown>\n"
            "y          b     <none>           <none>     <unknown>\n");
}

TEST(CliGet, HasColumnsForTheOtherKinds) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/backendsets?namespace=default", 200,
                     list(R"({"metadata":{"name":"s"},"spec":{"endpoints":[{},{}],"tls":"plaintext"}})"));
  rig.control.answer("GET /v1/resources/healthpolicies?namespace=default", 200,
                     list(R"({"metadata":{"name":"p"},"spec":{"targetRef":{"name":"s"},"active":[{"kind":"http"}],
                         "outlier":{"consecutiveErrors":5}}})"));
  rig.control.answer("GET /v1/resources/trafficpolicies?namespace=default", 200,
                     list(R"({"metadata":{"name":"p"},"spec":{"targetRefs":[{"name":"s"}],
                         "limits":{"requests":5,"connections":2},"timeouts":{"request":"5s"},
                         "retry":{"attempts":2},"hedge":{"after":"50ms"}}})"));
  rig.control.answer("GET /v1/resources/workloads?namespace=default", 200,
                     list(R"({"metadata":{"name":"w"},"spec":{"identity":"spiffe://td/w","services":["s"],
                         "overload":{"priorities":[]}}})"));

  std::string backends = R"("rules":[{"backendRefs":[{"name":"a"},{"name":"b"}]}])";
  rig.control.answer("GET /v1/resources/tcproutes?namespace=default", 200,
                     list(str_cat(R"({"metadata":{"name":"t"},"spec":{"parentRefs":[{"name":"s"}],)", backends, "}}")));
  rig.control.answer("GET /v1/resources/tlsroutes?namespace=default", 200,
                     list(str_cat(R"({"metadata":{"name":"t"},"spec":{"hostnames":["a.test"],"parentRefs":)",
                                  R"([{"name":"s"}],)", backends, "}}")));

  rig.run("get tr");
  EXPECT_EQ(rig.out(), "NAME  PARENTS  BACKENDS  ACCEPTED   AGE\nt     s        a,b       <unknown>  <unknown>\n");
  rig.run("get tlsr");
  EXPECT_EQ(rig.out(),
            "NAME  HOSTNAMES  PARENTS  RULES  ACCEPTED   AGE\nt     a.test     s        1      <unknown>  <unknown>\n");
  rig.run("get bs");
  EXPECT_EQ(rig.out(), "NAME  ENDPOINTS  TLS        BALANCER  AGE\ns     2          plaintext  peakEwma  <unknown>\n");
  rig.run("get hp");
  EXPECT_EQ(rig.out(),
            "NAME  TARGETS  CHECKS  OUTLIER            AGE\np     s        http    consecutiveErrors  <unknown>\n");
  rig.run("get tp");
  EXPECT_EQ(rig.out(),
            "NAME  TARGETS  LIMITS                TIMEOUTS  RETRY     RETRY BUDGET  HEDGE  BALANCER  AGE\n"
            "p     s        connections,requests  request   attempts  <none>        after  -         <unknown>\n");
  rig.run("get wl");
  EXPECT_EQ(rig.out(),
            "NAME  IDENTITY       SERVICES  OVERLOAD    AGE\nw     spiffe://td/w  s         priorities  <unknown>\n");
}

constexpr char kLabelled[] = R"({"metadata":{"name":"a","labels":{"app":"web","tier":"front"},"resourceVersion":"1.4",
    "generation":2}},{"metadata":{"name":"b","labels":{"app":"cart"}}})";

TEST(CliGet, SelectsByLabels) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/services?namespace=default", 200, list(kLabelled));

  EXPECT_EQ(rig.run("get svc -l app=web,tier!=back -o name"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "service.heddle.dev/a\n");
  rig.run("get svc --selector app=cart -o json");
  EXPECT_THAT(rig.out(), testing::AllOf(HasSubstr("\"name\": \"b\""), testing::Not(HasSubstr("\"name\": \"a\""))));
  EXPECT_EQ(rig.run("get svc -l app=none"), ExitCode::kOk);
  EXPECT_EQ(rig.out() + rig.err(), "No resources found in default namespace.\n");
}

TEST(CliGet, WideHasVersionGenerationAndLabels) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/services?namespace=default", 200, list(kLabelled));

  rig.run("get svc -o wide");

  EXPECT_EQ(rig.out(),
            "NAME  PORTS   HOSTS   AGE        VERSION  GENERATION  LABELS\n"
            "a     <none>  <none>  <unknown>  1.4      2           app=web,tier=front\n"
            "b     <none>  <none>  <unknown>  <none>   <none>      app=cart\n");
}

TEST(CliGet, PrintsOneResourceInEveryFormat) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/workloads/shop/w", 200,
                     R"({"apiVersion":"heddle.dev/v1","kind":"Workload","metadata":{"name":"w","namespace":"shop",
                     "resourceVersion":"1.2"},"spec":{"identity":"spiffe://td/w"}})");

  rig.run("get workload w -n shop -o yaml");
  EXPECT_EQ(rig.out(),
            "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata:\n  name: w\n  namespace: shop\n"
            "  resourceVersion: \"1.2\"\nspec:\n  identity: spiffe://td/w\n");
  rig.run("get workload/w -n shop -o json");
  EXPECT_THAT(rig.out(), HasSubstr("  \"metadata\": {\n    \"name\": \"w\",\n"));
  rig.run("get wl w -n shop -o name");
  EXPECT_EQ(rig.out(), "workload.heddle.dev/w\n");
}

TEST(CliGet, AnEmptyListIsNoFailureAndLeavesStandardOutputEmpty) {
  CliRig rig;
  rig.control.answer("GET /v1/resources/services?namespace=shop", 200, list(""));
  rig.control.answer("GET /v1/resources/services", 200, list(""));

  EXPECT_EQ(rig.run("get svc -n shop"), ExitCode::kOk);
  EXPECT_EQ(rig.out() + rig.err(), "No resources found in shop namespace.\n");
  EXPECT_EQ(rig.run("get svc -A"), ExitCode::kOk);
  EXPECT_EQ(rig.err(), "No resources found.\n");
  EXPECT_EQ(rig.run("get svc -A -o name"), ExitCode::kOk);
  EXPECT_EQ(rig.out() + rig.err(), "");
}

TEST(CliGet, NamesTheResourceThatIsNotThere) {
  CliRig rig;

  EXPECT_EQ(rig.run("get hr hello"), ExitCode::kFailure);

  EXPECT_EQ(rig.err(), "error: httproutes.gateway.networking.k8s.io \"hello\" not found in namespace default\n");
}

TEST(CliDelete, DeletesByName) {
  CliRig rig;
  rig.control.answer("DELETE /v1/resources/httproutes/default/hello", 200, R"({"version":"1.44"})");
  rig.control.answer("DELETE /v1/resources/services/default/hello", 200, R"({"version":"1.45"})");

  EXPECT_EQ(rig.run("delete hr/hello svc/hello"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "httproute.gateway.networking.k8s.io/hello deleted\nservice.heddle.dev/hello deleted\nversion 1.45\n");
}

TEST(CliDelete, WhatIsNotThereIsAFailureUnlessIgnored) {
  CliRig rig;

  EXPECT_EQ(rig.run("delete svc hello"), ExitCode::kFailure);
  EXPECT_EQ(rig.err(), "error: services.heddle.dev \"hello\" not found in namespace default\n");
  EXPECT_EQ(rig.run("delete svc hello --ignore-not-found"), ExitCode::kOk);
  EXPECT_EQ(rig.out() + rig.err(), "");
}

// Lets a resource be deleted only after another one.
class ReferringControl final : public ControlApi {
 public:
  Result<ApiReply> call(const ApiRequest& request) override {
    paths.push_back(request.path);
    bool first = request.path.ends_with("/first");
    if (first) gone_ = true;
    if (first || gone_) return ApiReply{200, *JsonValue::parse(R"({"version":"1.9"})")};
    return ApiReply{409, *JsonValue::parse(R"({"reason":"conflict","message":"first refers to it"})")};
  }
  std::vector<std::string> paths;

 private:
  bool gone_ = false;
};

TEST(CliDelete, TriesAgainWhatSomethingReferredTo) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err};
  ReferringControl control;
  CliRig rig;
  Loop clock;
  CommandContext context{console, control, clock};
  DeleteOptions options{.keys = {{Kind::kBackendSet, "default", "second"}, {Kind::kService, "default", "first"}}};

  EXPECT_EQ(run_delete(options, context), ExitCode::kOk);

  EXPECT_THAT(control.paths,
              ElementsAre("/v1/resources/backendsets/default/second", "/v1/resources/services/default/first",
                          "/v1/resources/backendsets/default/second"));
  EXPECT_EQ(err.str(), "");
}

TEST(CliDelete, ReportsWhatStillIsReferredToAsAConflict) {
  CliRig rig;
  rig.control.answer("DELETE /v1/resources/services/default/a", 409,
                     R"({"reason":"conflict","message":"in use","problems":[{"resource":"HTTPRoute/default/r",
                     "path":"spec.parentRefs[0].name","message":"no Service a"}]})");
  rig.control.answer("DELETE /v1/resources/services/default/b", 200, R"({"version":"1.44"})");

  EXPECT_EQ(rig.run("delete svc a b"), ExitCode::kConflict);

  EXPECT_EQ(rig.out(), "service.heddle.dev/b deleted\nversion 1.44\n");
  EXPECT_EQ(rig.err(),
            "error: conflict: the control plane refused this (1 problem)\n"
            "  HTTPRoute/default/r: spec.parentRefs[0].name: no Service a\n");
}

constexpr char kStatus[] = R"({"version":"1.44","time":"2026-01-01T00:00:00.000Z","sidecars":[
  {"node":"hello-0","identity":"spiffe://td/hello","address":"127.0.0.1:4000","connected":true,"version":"1.44",
   "runsVersion":"1.44","lag_versions":0,"lag_seconds":0,"nack":null,"software":"0.1.0",
   "lastSeen":"2025-12-31T23:59:58.000Z"},
  {"node":"hello-1","identity":"spiffe://td/hello","address":"127.0.0.1:4001","connected":true,"version":"1.42",
   "runsVersion":"1.43","lag_versions":1,"lag_seconds":3.5,"nack":{"version":"1.44","errors":[
     {"resource":"HTTPRoute/default/hello","path":"spec.rules[0]","message":"too many"}]},"software":"0.1.0",
   "lastSeen":"2025-12-31T23:59:59.000Z"},
  {"node":"web-0","identity":"spiffe://td/web","address":"127.0.0.1:4002","connected":false,"version":null,
   "runsVersion":null,"lag_versions":0,"lag_seconds":0,"nack":null,"software":"0.1.0",
   "lastSeen":"2025-12-31T23:55:00.000Z"}]})";

TEST(CliStatus, ShowsSidecarsLagAndWhyAVersionWasRefused) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, kStatus);

  EXPECT_EQ(rig.run("status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "NODE     IDENTITY           STATE    ACKED   RUNS    LAG     ADDRESS         SOFTWARE  SEEN\n"
            "hello-0  spiffe://td/hello  live     1.44    1.44    0       127.0.0.1:4000  0.1.0     2s\n"
            "hello-1  spiffe://td/hello  refused  1.42    1.43    1 (3s)  127.0.0.1:4001  0.1.0     1s\n"
            "web-0    spiffe://td/web    gone     <none>  <none>  0       127.0.0.1:4002  0.1.0     5m\n"
            "\n"
            "hello-1 refused version 1.44:\n"
            "  HTTPRoute/default/hello: spec.rules[0]: too many\n"
            "\n"
            "version 1.44, 3 sidecars, 2 connected, 1 refused\n");
}

TEST(CliStatus, NamesTheControlPlaneOfEachWhereThereAreSeveral) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, R"({"version":"1.9","sidecars":[
    {"node":"a","identity":"spiffe://td/a","address":"127.0.0.1:1","connected":true,"state":"live","version":"1.9",
     "runsVersion":"1.9","lag_versions":0,"replica":"control-0","software":"0.1.0","lastSeen":"2025-12-31T23:59:58.000Z"},
    {"node":"b","identity":"spiffe://td/b","connected":false,"state":"expired","lag_versions":0}]})");

  rig.run("status");

  EXPECT_THAT(rig.out(), HasSubstr("SOFTWARE  SEEN"));
  EXPECT_THAT(rig.out(), HasSubstr("REPLICA\n"));
  EXPECT_THAT(rig.out(), HasSubstr("control-0\n"));
}

TEST(CliStatus, SaysThatThereIsNoSidecar) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, R"({"version":"1.0","sidecars":[]})");

  rig.run("status");

  EXPECT_EQ(rig.out(), "version 1.0, 0 sidecars\n");
}

TEST(CliStatus, TakesTheStateFromTheControlPlaneWhenItSaysOne) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, R"({"version":"1.9","sidecars":[{"node":"a","identity":"spiffe://td/a",
      "address":"127.0.0.1:1","connected":true,"state":"syncing","version":"1.8","lag_versions":0}]})");

  rig.run("status");

  EXPECT_THAT(rig.out(), HasSubstr("spiffe://td/a  syncing  1.8"));
}

TEST(CliStatus, SaysWhatAnExpiredSidecarNeeds) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, R"({"version":"1.9","sidecars":[{"node":"a","identity":"spiffe://td/a",
      "connected":false,"state":"expired","svidNotAfter":"2026-01-01T00:00:00.000Z","lag_versions":9}]})");

  rig.run("status");

  EXPECT_THAT(rig.out(), HasSubstr("certificate of a (spiffe://td/a) expired at 2026-01-01T00:00:00.000Z"));
  EXPECT_THAT(rig.out(), HasSubstr("heddle token create --id spiffe://td/a\n"));
  EXPECT_THAT(rig.out(), HasSubstr("1 sidecar, 0 connected, 1 expired\n"));
}

TEST(CliStatus, ColoursTheState) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, kStatus);
  rig.color = UseColor::kYes;

  rig.run("status");

  EXPECT_THAT(rig.out(), HasSubstr("\x1b[32mlive\x1b[0m     1.44"));
  EXPECT_THAT(rig.out(), HasSubstr("\x1b[31mrefused\x1b[0m  1.42"));
}

TEST(CliToken, PrintsTheTokenAlone) {
  CliRig rig;
  rig.control.answer("POST /v1/tokens", 200, R"({"token":"abc123","expires":"2026-01-01T00:10:00.000Z"})");

  EXPECT_EQ(rig.run("token create --id spiffe://td/ns/a/sa/b --ttl 1m30s"), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "abc123\n");
  EXPECT_EQ(rig.err(), "");
  EXPECT_EQ(rig.control.requests[0].body, R"({"id":"spiffe://td/ns/a/sa/b","ttl":"1m30s"})");
}

TEST(CliWait, GivesTheControlPlaneTimeToAnswerAfterTheWaiting) {
  CliRig rig;
  rig.control.answer("GET /v1/wait?version=1.43&timeout=10s", 200, R"({"version":"1.43","sidecars":6})");

  EXPECT_EQ(rig.run("wait --version 1.43 --timeout 10s"), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "version 1.43 runs on 6 sidecars\n");
  EXPECT_EQ(rig.control.requests[0].deadline, 15s);
}

TEST(CliWait, ATimeoutIsAFailureThatNamesWhoLags) {
  CliRig rig;
  rig.control.answer("GET /v1/wait?version=1.43&timeout=30s", 504,
                     R"({"reason":"timeout","message":"2 sidecars lag: hello-0, hello-1"})");

  EXPECT_EQ(rig.run("wait --version 1.43"), ExitCode::kFailure);

  EXPECT_EQ(rig.err(), "error: timeout: 2 sidecars lag: hello-0, hello-1\n");
}

TEST(CliWait, TellsWhoWatchesWhomItWaitsFor) {
  CliRig rig;
  rig.is_watched = true;
  std::string glance = "GET /v1/wait?version=1.43&timeout=1s";
  rig.control.answer(glance, 504, R"({"reason":"timeout","message":"1 sidecar lags: hello-0"})");
  rig.control.answer_then(glance, 200, R"({"version":"1.43","sidecars":6})");

  EXPECT_EQ(rig.run("wait --version 1.43"), ExitCode::kOk);

  EXPECT_EQ(rig.err(), "\r\x1b[Kwaiting: 1 sidecar lags: hello-0\r\x1b[K");
  EXPECT_EQ(rig.out(), "version 1.43 runs on 6 sidecars\n");
}

TEST(CliWait, WhoWatchesIsToldNoMoreWhenTheTimeIsOver) {
  CliRig rig;
  rig.is_watched = true;
  rig.control.answer("GET /v1/wait?version=1.43&timeout=500ms", 504,
                     R"({"reason":"timeout","message":"1 sidecar lags: hello-0"})");

  EXPECT_EQ(rig.run("wait --version 1.43 --timeout 500ms"), ExitCode::kFailure);
  EXPECT_EQ(rig.err(), "error: timeout: 1 sidecar lags: hello-0\n");
}

TEST(CliWait, WaitsForLongerThanOneRequestMay) {
  CliRig rig;
  std::string longest = "GET /v1/wait?version=1.43&timeout=10m";
  rig.control.answer(longest, 504, R"({"reason":"timeout","message":"1 sidecar lags: hello-0"})");
  rig.control.answer_then(longest, 200, R"({"version":"1.43","sidecars":6})");

  EXPECT_EQ(rig.run("wait --version 1.43 --timeout 25m"), ExitCode::kOk);

  EXPECT_EQ(rig.control.lines, std::vector<std::string>({longest, longest}));
  EXPECT_EQ(rig.err(), "");
  EXPECT_EQ(rig.out(), "version 1.43 runs on 6 sidecars\n");
}

TEST(CliVersion, ShowsBothVersionsOrOnlyItsOwn) {
  CliRig rig;
  rig.control.answer("GET /v1/version", 200, R"({"version":"0.2.0","schema":1})");
  std::string own(kSoftwareVersion);

  EXPECT_EQ(rig.run("version"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "heddle " + own + "\nheddle-control 0.2.0 (schema 1)\n");
  EXPECT_EQ(rig.run("version --client -o json"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "{\n  \"client\": {\n    \"version\": \"" + own + "\"\n  }\n}\n");
  EXPECT_EQ(rig.control.lines.size(), 1U);
}

TEST(CliVersion, ShowsItsOwnEvenWhenTheOtherCannotBeHad) {
  CliRig rig;
  rig.control.be_unreachable();

  EXPECT_EQ(rig.run("version"), ExitCode::kUnreachable);

  EXPECT_EQ(rig.out(), "heddle " + std::string(kSoftwareVersion) + "\n");
}

TEST(CliExitCode, FollowsTheReason) {
  EXPECT_EQ(exit_code_of(Reason::kNone), ExitCode::kOk);
  EXPECT_EQ(exit_code_of(Reason::kConfigInvalid), ExitCode::kFailure);
  EXPECT_EQ(exit_code_of(Reason::kUnauthenticated), ExitCode::kFailure);
  EXPECT_EQ(exit_code_of(Reason::kTimeout), ExitCode::kFailure);
  EXPECT_EQ(exit_code_of(Reason::kUnavailable), ExitCode::kUnreachable);
  EXPECT_EQ(exit_code_of(Reason::kConflict), ExitCode::kConflict);
}

TEST(CliExitCode, OneIsLeftToDifferencesWhereThereMayBeSome) {
  EXPECT_EQ(failed_beside_changes(ExitCode::kFailure), ExitCode::kRefused);
  EXPECT_EQ(failed_beside_changes(ExitCode::kUnreachable), ExitCode::kUnreachable);
}

TEST(CliExitCode, AnUnknownReasonGoesByItsStatus) {
  auto reply = [](uint16_t status, std::string_view json) { return ApiReply{status, *JsonValue::parse(json)}; };

  EXPECT_EQ(reply(409, "{}").reason(), Reason::kConflict);
  EXPECT_EQ(reply(401, R"({"reason":"from-the-future"})").reason(), Reason::kUnauthenticated);
  EXPECT_EQ(reply(500, R"({"reason":"internal"})").reason(), Reason::kInternal);
  EXPECT_EQ(reply(418, "null").message(), "HTTP 418");
}

TEST(CliColor, IsForTerminalsAndCanBeSwitchedOff) {
  Environment plain;
  Environment no_color{.context = "", .home = "", .no_color = "1", .term = ""};
  Environment dumb{.context = "", .home = "", .no_color = "", .term = "dumb"};

  EXPECT_EQ(choose_color(ColorMode::kAuto, plain, IsTerminal::kYes), UseColor::kYes);
  EXPECT_EQ(choose_color(ColorMode::kAuto, plain, IsTerminal::kNo), UseColor::kNo);
  EXPECT_EQ(choose_color(ColorMode::kAuto, no_color, IsTerminal::kYes), UseColor::kNo);
  EXPECT_EQ(choose_color(ColorMode::kAuto, dumb, IsTerminal::kYes), UseColor::kNo);
  EXPECT_EQ(choose_color(ColorMode::kNever, plain, IsTerminal::kYes), UseColor::kNo);
  EXPECT_EQ(choose_color(ColorMode::kAlways, no_color, IsTerminal::kNo), UseColor::kYes);
}
}  // namespace
}  // namespace heddle
