#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/explanation_text.h"
#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr char kRouted[] = R"({"request":{"method":"GET","url":"http://a/x","namespace":"shop","from":"spiffe://td/w"},
    "version":"1.43","routed":true,"reason":"none","service":"default/a","port":80,"route":"default/r","rule":1,
    "backends":[{"backendSet":"default/a","weight":2,"percent":66.66666666666667,"endpointCount":3,"endpoints":[
    {"address":"10.0.0.1:80","identity":"spiffe://td/a","weight":5,"zone":"z1","priority":0,"eligible":true,
    "health":"UP","inFlight":3,"chosen":true},{"address":"10.0.0.2:80","weight":1,"priority":1,"eligible":false,
    "why":"its check failed","health":"DOWN","inFlight":0}]},
    {"backendSet":"default/b","weight":1,"percent":33.333333333333336,"reason":"no-healthy-endpoint",
    "endpointCount":1,"endpoints":[{"address":"10.0.0.3:80","weight":0}]}],
    "steps":[{"what":"service","result":"Service default/a port 80"},{"what":"rule","result":"matches"}]})";

TEST(CliExplain, AsksTheControlPlane) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200, kRouted);

  EXPECT_EQ(rig.run("explain http://a/x?y -n shop --from spiffe://td/w --method PUT -H x-user:ada"), ExitCode::kOk);

  EXPECT_EQ(rig.control.requests[0].body,
            R"({"method":"PUT","url":"http://a/x?y","namespace":"shop","from":"spiffe://td/w",)"
            R"("headers":{"x-user":"ada"}})");
}

TEST(CliExplain, PrintsStepsSharesEndpointsAndTheVerdict) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200, kRouted);

  rig.run("explain http://a/x");

  EXPECT_EQ(rig.out(),
            "GET http://a/x from namespace shop (spiffe://td/w), version 1.43\n"
            "  service: Service default/a port 80\n"
            "  rule: matches\n"
            "\n"
            "BACKENDSET  SHARE  ENDPOINT             IDENTITY       WEIGHT  ZONE  PRIORITY  ELIGIBLE              "
            "HEALTH  IN-FLIGHT\n"
            "default/a   66.7%  10.0.0.1:80          spiffe://td/a  5       z1    0         yes: this one         "
            "UP      3\n"
            "default/a   66.7%  10.0.0.2:80          <none>         1       -     1         no: its check failed  "
            "DOWN    0\n"
            "default/a   66.7%  and 1 more           -              -       -     -         -                     "
            "-       -\n"
            "default/b   33.3%  no-healthy-endpoint  -              -       -     -         -                     "
            "-       -\n"
            "default/b   33.3%  10.0.0.3:80          <none>         0       -     <none>    <none>                "
            "<none>  -\n"
            "\n"
            "routed by HTTPRoute default/r rule 1\n");
}

TEST(CliExplain, NamesTheFiltersAndTheAnswerOfOne) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200,
                     R"({"request":{"method":"GET","url":"http://a/","namespace":"default"},"routed":false,
                     "reason":"route-redirect","status":301,"hint":"a filter","filters":[{"kind":"RequestRedirect",
                     "effect":"301 to http://b/"}],"backends":[{"backendSet":"default/a","percent":100,"filters":[
                     {"kind":"RequestHeaderModifier","effect":"set x-a"}],"endpoints":[]}],"steps":[]})");

  rig.run("explain http://a/");

  EXPECT_THAT(rig.out(), HasSubstr("  filter: RequestRedirect: 301 to http://b/\n"
                                   "  filter of default/a: RequestHeaderModifier: set x-a\n"));
  EXPECT_THAT(rig.out(), HasSubstr("answered: 301 route-redirect (a filter)\n"));
}

TEST(CliExplain, ARequestThatWouldBeRefusedIsAFailureThatIsExplained) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200,
                     R"({"request":{"method":"GET","url":"http://a/","namespace":"default"},"version":"1.2",
                     "routed":false,"reason":"route-not-found","status":404,"hint":"no rule matches","backends":[],
                     "steps":[]})");

  EXPECT_EQ(rig.run("explain http://a/"), ExitCode::kFailure);

  EXPECT_EQ(rig.out(),
            "GET http://a/ from namespace default, version 1.2\n\nrefused: 404 route-not-found (no rule matches)\n");
  EXPECT_EQ(rig.err(), "");
}

TEST(CliExplain, PrintsTheAnswerAsItCameInJson) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200, R"({"routed":true,"later":[1]})");

  EXPECT_EQ(rig.run("explain http://a/ -o json"), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "{\n  \"later\": [\n    1\n  ],\n  \"routed\": true\n}\n");
}

TEST(CliExplain, NamesOfOthersCannotDriveTheTerminal) {
  std::string evil = "\\u001b[2J\\n";
  Result<JsonValue> answer = JsonValue::parse(
      str_cat(R"({"request":{"method":")", evil, R"(","url":")", evil, R"(","namespace":")", evil, R"(","from":")",
              evil, R"("},"version":")", evil, R"(","routed":true,"route":")", evil, R"(","rule":")", evil,
              R"(","backends":[{"backendSet":")", evil, R"(","percent":1,"reason":")", evil,
              R"(","endpoints":[{"address":")", evil, R"(","identity":")", evil, R"(","weight":")", evil,
              R"("}]}],"steps":[{"what":")", evil, R"(","result":")", evil, R"("}]})"));
  ASSERT_TRUE(answer);
  JsonValue refused = answer->with({"routed"}, JsonValue::boolean(false))
                          .with({"reason"}, JsonValue::string("\x1b[2J"))
                          .with({"status"}, JsonValue::string("\x1b[2J"))
                          .with({"hint"}, JsonValue::string("\x1b[2J"));

  EXPECT_EQ(explanation_text(*answer, UseColor::kNo).find('\x1b'), std::string::npos);
  EXPECT_EQ(explanation_text(refused, UseColor::kNo).find('\x1b'), std::string::npos);
}

TEST(CliExplain, ReadsLenientlyWhatALaterControlPlaneMaySay) {
  for (std::string_view text : {"null", "{}", R"({"routed":true,"backends":[{"percent":"half"},7],"steps":[7]})",
                                R"({"backends":[{"percent":1e300,"endpoints":{}}],"steps":{}})"}) {
    EXPECT_THAT(explanation_text(*JsonValue::parse(text), UseColor::kNo), HasSubstr("from namespace")) << text;
  }
}

TEST(CliExplain, AShareThatIsNoneIsNotShown) {
  for (const char* percent : {"1e300", "-1", "100.1", "\"half\"", "null"}) {
    std::string text = str_cat(R"({"backends":[{"backendSet":"x","percent":)", percent, "}]}");
    EXPECT_THAT(explanation_text(*JsonValue::parse(text), UseColor::kNo), HasSubstr("\nx           <none>  ")) << text;
  }
}

TEST(CliExplain, AsksALiveSidecarAndNotTheControlPlane) {
  CliRig rig;
  rig.control.be_unreachable();
  std::optional<LiveOptions> asked;
  std::string body;
  rig.sidecar = [&](const LiveOptions& live, const ApiRequest& request) -> Result<ApiReply> {
    asked = live;
    body = str_cat(request.method, " ", request.path, " ", request.body);
    return ApiReply{200, *JsonValue::parse(R"({"request":{"method":"GET","url":"http://a/","namespace":"shop"},
        "version":"1.2","sidecar":{"node":"web-1"},"routed":true,"route":"default/r","rule":0,
        "forward":{"host":"b","path":"/x"},"backends":[],"steps":[]})")};
  };

  EXPECT_EQ(rig.run("explain http://a/ --live unix:/run/admin.sock --draw 7"), ExitCode::kOk);

  EXPECT_EQ(asked->address.text(), "unix:/run/admin.sock");
  EXPECT_EQ(body, R"(POST /explain {"method":"GET","url":"http://a/","draw":"7","headers":{}})");
  EXPECT_EQ(rig.out(),
            "GET http://a/ from namespace shop, at sidecar web-1, version 1.2\n\n"
            "routed by HTTPRoute default/r rule 0, as http://b/x\n");
  EXPECT_EQ(rig.run("explain http://a/ --live 127.0.0.1:15000 --admin-token t --inbound --listener in --from "
                    "spiffe://td/ns/web/sa/w"),
            ExitCode::kOk);
  EXPECT_EQ(asked->token_file, "t");
  EXPECT_EQ(body, R"(POST /explain {"method":"GET","url":"http://a/","direction":"inbound","listener":"in",)"
                  R"("from":"spiffe://td/ns/web/sa/w","headers":{}})");
}

TEST(CliExplain, ASidecarThatDoesNotAnswerIsUnreachable) {
  CliRig rig;
  rig.sidecar = [](const LiveOptions&, const ApiRequest&) -> Result<ApiReply> {
    return make_error(Reason::kUnavailable, "cannot reach a sidecar's admin at unix:/x");
  };

  EXPECT_EQ(rig.run("explain http://a/ --live unix:/x"), ExitCode::kUnreachable);
  EXPECT_THAT(rig.err(), HasSubstr("cannot reach a sidecar's admin at unix:/x"));
}

TEST(CliExplain, AFileIsOneWordWhereverItStands) {
  CliRig rig;
  std::string file = rig.file("mesh.yaml", service_yaml("a"));

  for (const std::string& words :
       {str_cat("explain -f ", file, " http://a/x"), str_cat("explain -f ", file, " http://a/x --method GET"),
        str_cat("explain -H x-a:1 http://a/x -f ", file, " -o table"),
        str_cat("explain --method GET -f ", file, " --url http://a/x")}) {
    EXPECT_EQ(rig.run(words), ExitCode::kOk) << words << "\n" << rig.err();
    EXPECT_THAT(rig.out(), HasSubstr("GET http://a/x from")) << words;
  }
}

TEST(CliExplain, AnswersFromFilesWithoutAControlPlane) {
  CliRig rig;
  rig.control.be_unreachable();
  std::string file = rig.file("mesh.yaml", service_yaml("a"));

  EXPECT_EQ(rig.run("explain http://a/x -f " + file), ExitCode::kOk);
  EXPECT_EQ(rig.out(),
            "GET http://a/x from namespace default\n"
            "  service: Service default/a port 80\n"
            "  routes: none attached: the port's backend set\n"
            "  backend set: BackendSet default/a\n"
            "\n"
            "BACKENDSET  SHARE  ENDPOINT        IDENTITY  WEIGHT  ZONE  PRIORITY  ELIGIBLE  HEALTH             "
            "IN-FLIGHT\n"
            "default/a   100%   127.0.0.1:9000  <none>    1       -     0         yes       unknown: not live  -\n"
            "\n"
            "routed without a route\n");
  EXPECT_EQ(rig.run("explain http://b/ -f " + file), ExitCode::kFailure);
  EXPECT_THAT(rig.out(), HasSubstr("\nrefused: 404 service-unknown (no such service"));
  EXPECT_EQ(rig.control.lines.size(), 0U);
}

TEST(CliExplain, AsksAboutConnectionsOfTcp) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 200, kRouted);

  EXPECT_EQ(rig.run("explain tcp://a:443 --sni pay.test"), ExitCode::kOk);

  EXPECT_EQ(rig.control.requests[0].body,
            R"({"method":"GET","url":"tcp://a:443","namespace":"default","sni":"pay.test","headers":{}})");
}

TEST(CliExplain, AConnectionHasNoMethodAndARefusalOfItNoStatus) {
  CliRig rig;
  std::string file =
      rig.file("mesh.yaml",
               str_cat(service_yaml("a"),
                       "{apiVersion: gateway.networking.k8s.io/v1alpha3, kind: TLSRoute, metadata: {name: t}, spec: "
                       "{parentRefs: [{group: '', kind: Service, name: a}], hostnames: [x.test], rules: "
                       "[{backendRefs: [{name: a, port: 80}]}]}}\n"));

  EXPECT_EQ(rig.run("explain tcp://a --sni x.test -f " + file), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("tcp://a with SNI x.test from namespace default\n"));
  EXPECT_THAT(rig.out(), HasSubstr("routed by TLSRoute default/t rule 0\n"));
  EXPECT_EQ(rig.run("explain tcp://a -f " + file), ExitCode::kFailure);
  EXPECT_THAT(rig.out(), HasSubstr("\nrefused: route-not-found ("));
}

TEST(CliExplain, FilesHaveToBeAWholeConfiguration) {
  CliRig rig;
  std::string lone = rig.file("lone.yaml",
                              "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: "
                              "80}]}\n");
  std::string broken = rig.file("broken.yaml", "apiVersion: heddle.dev/v1\nkind: Gadget\n");

  EXPECT_EQ(rig.run("explain http://a/ -f " + lone), ExitCode::kFailure);
  EXPECT_EQ(rig.err(),
            "error: Service default/a: spec.ports[0].backendSet: no BackendSet \"a\" in namespace \"default\"\n");
  EXPECT_EQ(rig.out(), "");
  EXPECT_EQ(rig.run("explain http://a/ -f " + broken), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("Gadget"));
}

TEST(CliExplain, WhatTheControlPlaneRefusesIsReported) {
  CliRig rig;
  rig.control.answer("POST /v1/explain", 501, R"({"reason":"unsupported","message":"later"})");

  EXPECT_EQ(rig.run("explain http://a/"), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("error: unsupported: later\n"));
  rig.control.be_unreachable();
  EXPECT_EQ(rig.run("explain http://a/"), ExitCode::kUnreachable);
}
}  // namespace
}  // namespace heddle
