#include "lib/decision/explain.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string route(std::string_view metadata, std::string_view parent, std::string_view rules) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {", metadata,
                 "}, spec: {parentRefs: [{group: '', kind: Service, ", parent, "}], rules: [", rules, "]}}\n---\n");
}
std::string route_of_a(std::string_view rules) { return route("name: r", "name: a", rules); }
std::string to_set(std::string_view name, int weight = 1) {
  return str_cat("{group: heddle.dev, kind: BackendSet, name: ", name, ", weight: ", std::to_string(weight), "}");
}
std::string rule(std::string_view match, std::string_view backends) {
  return str_cat("{matches: [{", match, "}], backendRefs: [", backends, "]}");
}
std::string set_yaml(std::string_view name, std::string_view endpoints) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: ", name, "}, spec: {endpoints: [",
                 endpoints, "]}}\n---\n");
}
std::string service_for(std::string_view visibility) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}], ",
                 "visibility: ", visibility, "}}\n---\n",
                 set_yaml("s", "{address: 127.0.0.1, port: 9000, identity: 'spiffe://td/s'}"));
}

ExplainQuery query_of(const ExplainWords& words) {
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  if (!query) ADD_FAILURE() << problems.text();
  HEDDLE_CHECK(query.has_value());
  return *std::move(query);
}
Explanation ask(std::string_view yaml, const ExplainWords& words) {
  return explain(*snapshot_of(yaml), query_of(words));
}
// "default/a 75" ...
std::string shares(const Explanation& found) {
  std::string out;
  for (const ExplainedBackends& backends : found.backends) {
    out.append(str_cat(out.empty() ? "" : ", ", backends.name, " ", std::to_string(std::lround(backends.percent))));
  }
  return out;
}
std::string first_of(const ExplainedBackends& backends) {
  const ExplainedEndpoint& endpoint = backends.endpoints.at(0);
  return str_cat(endpoint.address, " ", endpoint.identity, " ", std::to_string(endpoint.weight));
}

const std::string kTwo = service_yaml("a") + service_yaml("b");

TEST(Explain, WithoutRoutesThePortsOwnSetGetsEverything) {
  Explanation found = ask(kTwo, {.url = "http://b/x"});

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(found.service, "default/b");
  EXPECT_EQ(found.port, 80);
  EXPECT_EQ(found.rule, std::nullopt);
  EXPECT_EQ(shares(found), "default/b 100");
  EXPECT_EQ(found.trace.text(),
            "service: Service default/b port 80\nroutes: none attached: the port's backend set\n"
            "backend set: BackendSet default/b");
}

TEST(Explain, SaysWhatTheTrafficPolicyOfASetSays) {
  std::string policy =
      "{apiVersion: heddle.dev/v1, kind: TrafficPolicy, metadata: {name: t}, spec: {targetRefs: [{name: b}], limits: "
      "{requests: 5, pendingRequests: 2}, timeouts: {streamIdle: 90s, maxGrpcTimeout: 10s}, hedge: {after: "
      "50ms}}}\n---\n";

  Explanation found = ask(kTwo + policy, {.url = "http://b/x"});
  Explanation other = ask(kTwo + policy, {.url = "http://a/x"});

  EXPECT_EQ(found.backends.at(0).traffic_policy, "default/t");
  EXPECT_NE(found.trace.text().find("\ntraffic policy: TrafficPolicy default/t for default/b: pendingRequests 2, "
                                    "requests 5, streamIdle 1m30s, maxGrpcTimeout 10s, hedge after 50ms"),
            std::string::npos)
      << found.trace.text();
  EXPECT_EQ(other.backends.at(0).traffic_policy, "");
  EXPECT_EQ(other.trace.text().find("traffic policy"), std::string::npos);
}

TEST(Explain, SaysWhoseEndpointsASubsetHasAndWhoSaysHowItBalances) {
  std::string yaml =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80, backendSet: v1}]}}\n"
      "---\n{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: all}, spec: {tls: plaintext, endpoints: "
      "[{address: 10.0.0.1, port: 80, labels: {v: '1'}}, {address: 10.0.0.2, port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: v1}, spec: {subsetOf: {name: all, labels: {v: "
      "'1'}}}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: TrafficPolicy, metadata: {name: t}, spec: {targetRef: {name: all}, "
      "loadBalancer: {policy: maglev, hashOn: {sourceAddress: true}}}}\n";
  ExplainWords words{.url = "http://s/"};

  Explanation found = ask(yaml, words);

  std::string text = found.trace.text();
  EXPECT_NE(text.find("\nsubset: default/v1 is 1 of 2 endpoints of BackendSet default/all: those with v=1"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\nbalancing: default/v1: maglev by the caller's address, says TrafficPolicy default/t"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("for default/v1: loadBalancer as above"), std::string::npos) << text;
  std::string own = yaml;
  own.insert(own.find("subsetOf: {"), "loadBalancer: {policy: random}, ");
  EXPECT_EQ(ask(own, words).trace.text().find("as above"), std::string::npos) << "the subset's own word is in force";
  EXPECT_EQ(first_of(found.backends.at(0)), "10.0.0.1:80  1");
  EXPECT_EQ(found.backends.at(0).traffic_policy, "default/t");
  std::string json = explanation_json(query_of(words), found);
  EXPECT_NE(json.find(R"("loadBalancer":"maglev by the caller's address","subsetOf":"default/all")"), std::string::npos)
      << json;
}

TEST(Explain, ASetOfDnsIsResolvedByTheSidecar) {
  std::string yaml =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: s}, spec: {identity: 'spiffe://td/s', "
      "dns: {name: db.test, port: 5432}}}\n---\n";
  ExplainWords words{.url = "http://s/"};

  Explanation found = ask(yaml, words);

  EXPECT_EQ(found.reason, Reason::kNone);
  ASSERT_EQ(found.backends.size(), 1U);
  EXPECT_EQ(found.backends[0].dns, "db.test:5432");
  EXPECT_EQ(found.backends[0].identity, "spiffe://td/s");
  EXPECT_NE(explanation_json(query_of(words), found).find("resolved by the sidecar"), std::string::npos);
}

TEST(Explain, ShowsEveryBackendSetOfTheRuleWithItsShare) {
  std::string c =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: c}, spec: {ports: [{port: 80, backendSet: "
      "b}]}}\n---\n";
  std::string backends = str_cat(to_set("a", 3), ", ", to_set("b", 0), ", {name: c, port: 80, weight: 1}");

  Explanation found = ask(kTwo + c + route_of_a(rule("path: {value: /}", backends)), {.url = "http://a/"});

  EXPECT_EQ(found.route, "default/r");
  EXPECT_EQ(found.rule, 0U);
  EXPECT_EQ(found.match, "PathPrefix /");
  EXPECT_EQ(shares(found), "default/a 75, default/b 0, default/b 25");
  EXPECT_EQ(found.trace.steps().back().result, "BackendSet default/a, drawn from 3 by weight");
}

TEST(Explain, WhereEveryWeightIsZeroNoBackendSetIsLeft) {
  Explanation found = ask(kTwo + route_of_a(rule("path: {value: /}", str_cat(to_set("a", 0), ", ", to_set("b", 0)))),
                          {.url = "http://a/"});

  EXPECT_EQ(found.reason, Reason::kBackendSetMissing);
  EXPECT_EQ(shares(found), "default/a 0, default/b 0");
}

TEST(Explain, AServiceNobodyKnowsIsUnknown) {
  Explanation found = ask(kTwo, {.url = "http://c/"});

  EXPECT_EQ(found.reason, Reason::kServiceUnknown);
  EXPECT_EQ(found.service, "");
  EXPECT_EQ(found.trace.text(), "service: unknown");
}

TEST(Explain, APortTheServiceDoesNotHaveIsUnknownAndTheOthersAreNamed) {
  Explanation found = ask(kTwo, {.url = "http://a:81/"});

  EXPECT_EQ(found.reason, Reason::kServiceUnknown);
  EXPECT_EQ(found.service, "default/a");
  EXPECT_EQ(found.port, 0);
  EXPECT_EQ(found.trace.text(), "service: Service default/a has another port: 80");
}

TEST(Explain, SaysOfEachCandidateWhyItDoesNotMatch) {
  std::string yaml =
      kTwo + route_of_a(str_cat(rule("path: {value: /x}, method: POST", to_set("a")), ", ",
                                rule("path: {value: /x}, headers: [{name: x-user, value: ada}]", to_set("a")), ", ",
                                rule("path: {value: /x}, queryParams: [{name: q, value: '1'}]", to_set("a")), ", ",
                                rule("path: {value: /other}", to_set("a")), ", ",
                                rule("path: {type: Exact, value: /}", to_set("b"))));

  Explanation found = ask(yaml, {.url = "http://a/x?q=2", .headers = {{"X-User", "eve"}}});

  EXPECT_EQ(found.reason, Reason::kRouteNotFound);
  EXPECT_TRUE(found.backends.empty());
  EXPECT_EQ(found.trace.text(),
            "service: Service default/a port 80\n"
            "HTTPRoute default/r rule 0 PathPrefix /x: method differs: POST is asked for\n"
            "HTTPRoute default/r rule 1 PathPrefix /x: header \"x-user\" differs\n"
            "HTTPRoute default/r rule 2 PathPrefix /x: query parameter \"q\" differs\n"
            "routes: no rule matches; the path differs in 2 matches");
}

TEST(Explain, NamesTheFieldsOfExpressionsButNoValue) {
  std::string yaml =
      kTwo +
      route_of_a(str_cat(
          rule("path: {type: RegularExpression, value: '/x/[0-9]+'}", to_set("a")), ", ",
          rule("path: {type: RegularExpression, value: '/x.*'}, headers: [{name: x-user, value: ada}, "
               "{name: cookie, value: 'a=.*', type: RegularExpression}]",
               to_set("a")),
          ", ",
          rule("path: {value: /x}, queryParams: [{name: q, value: '[0-9]+', type: RegularExpression}]", to_set("a")),
          ", ", rule("headers: [{name: x-none, value: '1'}]", to_set("a")), ", ",
          rule("queryParams: [{name: none, value: '1'}]", to_set("a"))));

  Explanation found = ask(yaml, {.url = "http://a/x/y?q=s3cret", .headers = {{"X-User", "ada"}, {"Cookie", "s3cret"}}});

  EXPECT_EQ(found.trace.text(),
            "service: Service default/a port 80\n"
            "HTTPRoute default/r rule 0 RegularExpression /x/[0-9]+: path differs\n"
            "HTTPRoute default/r rule 1 RegularExpression /x.*: header \"cookie\" does not match its regular "
            "expression\n"
            "HTTPRoute default/r rule 2 PathPrefix /x: query parameter \"q\" does not match its regular expression\n"
            "HTTPRoute default/r rule 3 PathPrefix /: header \"x-none\" is absent\n"
            "HTTPRoute default/r rule 4 PathPrefix /: query parameter \"none\" is absent\n"
            "routes: no rule matches");
}

std::string grpc_route_of_a(std::string_view rules) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: g}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [", rules, "]}}\n---\n");
}

TEST(Explain, SpeaksOfGrpcRoutesAsTheirAuthorsDo) {
  std::string yaml =
      kTwo +
      grpc_route_of_a(str_cat(
          rule("method: {service: shop.Carts, method: Get}, headers: [{name: x-a, value: '1'}]", to_set("a")), ", ",
          rule("method: {type: RegularExpression, service: 'shop[.].*'}", to_set("b")), ", ", rule("", to_set("a"))));

  Explanation found = ask(yaml, {.method = "POST", .url = "http://a/shop.Carts/Get"});
  Explanation other = ask(yaml, {.method = "POST", .url = "http://a/other/Get"});

  EXPECT_EQ(found.route_kind, "GRPCRoute");
  EXPECT_EQ(found.match, "RegularExpression shop[.].*/*");
  EXPECT_EQ(found.trace.text(),
            "service: Service default/a port 80\n"
            "GRPCRoute default/g rule 0 Exact shop.Carts/Get: header \"x-a\" is absent\n"
            "GRPCRoute default/g rule 1 RegularExpression shop[.].*/*: matches\n"
            "backend set: BackendSet default/b");
  EXPECT_EQ(other.match, "every method");
}

TEST(Explain, ShowsTheRouteThatGivesWayToOneOfAnotherKind) {
  std::string yaml = kTwo + route_of_a(rule("path: {value: /}", to_set("b"))) + grpc_route_of_a(rule("", to_set("a")));

  Explanation found = ask(yaml, {.url = "http://a/x"});

  EXPECT_EQ(shares(found), "default/a 100");
  EXPECT_EQ(found.trace.steps().at(1).what, "HTTPRoute default/r");
  EXPECT_EQ(found.trace.steps().at(1).result,
            "is not accepted for port 80 of Service default/a: GRPCRoute default/g is attached to it");
}

TEST(Explain, TheFieldsOfTheQuestionAreMatched) {
  std::string yaml = kTwo + route_of_a(rule("path: {type: Exact, value: /x}, method: PUT, headers: [{name: X-User, "
                                            "value: ada}], queryParams: [{name: q, value: '1'}]",
                                            to_set("b")));

  Explanation found = ask(yaml, {.method = "PUT", .url = "http://a/x?q=1", .headers = {{"x-user", "ada"}}});

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(found.match, "Exact /x");
  EXPECT_EQ(shares(found), "default/b 100");
}

TEST(Explain, ConsumerRoutesReplaceTheProducersForTheirNamespace) {
  std::string yaml = kTwo + route_of_a(rule("path: {value: /}", to_set("b"))) +
                     route("name: c, namespace: shop", "name: a, namespace: default",
                           rule("path: {value: /shop}", "{name: a, namespace: default, port: 80}"));

  Explanation producer = ask(yaml, {.url = "http://a/shop"});
  Explanation consumer = ask(yaml, {.url = "http://a.default/shop", .client_ns = "shop"});

  EXPECT_EQ(producer.route, "default/r");
  EXPECT_EQ(consumer.route, "shop/c");
  EXPECT_EQ(shares(consumer), "default/a 100");
  EXPECT_EQ(consumer.trace.steps().at(1).result, "those of namespace shop replace the service's own");
  EXPECT_EQ(ask(yaml, {.url = "http://a.default/", .client_ns = "shop"}).reason, Reason::kRouteNotFound);
  EXPECT_EQ(ask(yaml, {.url = "http://a/", .client_ns = "shop"}).reason, Reason::kServiceUnknown);
}

TEST(Explain, NamesTheEndpointsWithIdentityAndWeight) {
  std::string yaml = service_yaml("a") +
                     set_yaml("m",
                              "{address: 10.0.0.1, port: 1, weight: 5, identity: "
                              "'spiffe://td/x'}") +
                     route_of_a(rule("path: {value: /}", str_cat(to_set("a"), ", ", to_set("m"))));

  Explanation found = ask(yaml, {.url = "http://a/"});

  ASSERT_EQ(found.backends.size(), 2U);
  EXPECT_EQ(first_of(found.backends[0]), "127.0.0.1:9000  1");
  EXPECT_EQ(first_of(found.backends[1]), "10.0.0.1:1 spiffe://td/x 5");
}

TEST(Explain, CountsMoreEndpointsThanItLists) {
  std::string endpoints;
  for (int port = 1; port <= 1001; ++port) {
    endpoints.append(str_cat("{address: 10.0.0.1, port: ", std::to_string(port), ", identity: 'spiffe://td/x'}, "));
  }
  Explanation found =
      ask(service_yaml("a") + set_yaml("big", endpoints) + route_of_a(rule("path: {value: /}", to_set("big"))),
          {.url = "http://a/"});

  EXPECT_EQ(found.backends.at(0).endpoint_count, 1001U);
  EXPECT_EQ(found.backends.at(0).endpoints.size(), 1000U);
}

TEST(Explain, SetsWithoutEndpointsAreToldFromOthers) {
  std::string sets = service_yaml("a") + set_yaml("empty", "") +
                     set_yaml("off", "{address: 10.0.0.1, port: 1, weight: 0, identity: 'spiffe://td/x'}");
  auto ask_for = [&](const std::string& backends) {
    return ask(sets + route_of_a(rule("path: {value: /}", backends)), {.url = "http://a/"});
  };

  Explanation some = ask_for(str_cat(to_set("empty"), ", ", to_set("off"), ", ", to_set("a")));
  Explanation none = ask_for(str_cat(to_set("empty"), ", ", to_set("off"), ", ", to_set("a", 0)));

  EXPECT_EQ(some.reason, Reason::kNone);
  EXPECT_EQ(some.backends[0].reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(some.backends[1].reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(some.backends[2].reason, Reason::kNone);
  EXPECT_EQ(none.reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(none.trace.steps().back().result, "none with a weight");
}

TEST(Explain, WhatTheIdentityMayNotSeeIsUnknownToIt) {
  std::string yaml = service_for("['spiffe://td/ns/bank/*']");

  Explanation hidden = ask(yaml, {.url = "http://s/", .from = "spiffe://td/ns/shop/sa/web"});
  Explanation seen = ask(yaml, {.url = "http://s/", .from = "spiffe://td/ns/bank/sa/web"});
  Explanation unjudged = ask(yaml, {.url = "http://s/"});

  EXPECT_EQ(hidden.reason, Reason::kServiceUnknown);
  EXPECT_EQ(hidden.service, "");
  EXPECT_EQ(hidden.trace.text(), "visibility: Service default/s is not visible to spiffe://td/ns/shop/sa/web");
  EXPECT_EQ(seen.reason, Reason::kNone);
  EXPECT_EQ(unjudged.reason, Reason::kNone);
  EXPECT_EQ(unjudged.trace.steps().at(0).result,
            "Service default/s is not for every sidecar; not judged, no identity is given");
}

TEST(Explain, AWorkloadSeesWhatItServes) {
  std::string yaml =
      service_for("[]") +
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: 'spiffe://td/w', "
      "services: [s]}}\n---\n";

  EXPECT_EQ(ask(yaml, {.url = "http://s/", .from = "spiffe://td/w"}).reason, Reason::kNone);
  EXPECT_EQ(ask(yaml, {.url = "http://s/", .from = "spiffe://td/v"}).reason, Reason::kServiceUnknown);
}

TEST(ExplanationJson, HasTheQuestionTheAnswerAndTheSteps) {
  ExplainQuery query = query_of({.url = "http://a/", .from = "spiffe://td/ns/default/sa/x"});
  std::string backends = str_cat(to_set("a", 1), ", ", to_set("empty", 3));
  auto snapshot =
      snapshot_of(service_yaml("a") + set_yaml("empty", "") +
                  route_of_a("{name: main, matches: [{path: {value: /}}], backendRefs: [" + backends + "]}"));

  std::string text = explanation_json(query, explain(*snapshot, query));

  EXPECT_EQ(
      text,
      R"({"request":{"method":"GET","url":"http://a/","namespace":"default","from":"spiffe://td/ns/default/sa/x"},)"
      R"("routed":true,"reason":"none","service":"default/a","port":80,"routeKind":"HTTPRoute",)"
      R"("route":"default/r","rule":0,)"
      R"("ruleName":"main","match":"PathPrefix /","backends":[{"backendSet":"default/a","weight":1,"percent":25.0,)"
      R"("balancer":"peakEwma","choice":"by chance, load and turn",)"
      R"("endpointCount":1,"endpoints":[{"address":"127.0.0.1:9000","weight":1,"priority":0,"eligible":true,)"
      R"("health":"unknown: not live"}]},)"
      R"({"backendSet":"default/empty","weight":3,"percent":75.0,"reason":"no-healthy-endpoint",)"
      R"("balancer":"peakEwma","choice":"by chance, load and turn","endpointCount":0,)"
      R"("endpoints":[]}],"steps":[{"what":"service","result":"Service default/a port 80"},)"
      R"({"what":"HTTPRoute default/r rule 0 (main) PathPrefix /","result":"matches"},)"
      R"({"what":"backend set","result":"BackendSet default/a, drawn from 2 by weight"}]})");
}

TEST(ExplanationJson, ARefusalHasItsStatusAndHint) {
  ExplainQuery query = query_of({.url = "http://nobody/"});

  std::string text = explanation_json(query, explain(*snapshot_of(service_yaml("a")), query));

  EXPECT_NE(text.find(R"("routed":false,"reason":"service-unknown","status":404,"hint":"no such service, or it is not )"
                      R"(visible to this identity","backends":[],)"),
            std::string::npos)
      << text;
}
std::string policy(std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {", name, "}, spec: {", spec,
                 "}}\n---\n");
}
const std::string kGuarded = service_for("mesh") +
                             "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: "
                             "'spiffe://td/s', services: [s]}}\n---\n";
const ExplainWords kFromWeb{.url = "http://s/x", .from = "spiffe://td/ns/default/sa/web"};
std::string steps_after(const Explanation& found, std::string_view what) {
  std::string text = found.trace.text();
  size_t at = text.find(what);
  return at == std::string::npos ? text : text.substr(at);
}

TEST(Explain, ShowsWhyEachAuthorizationRuleDidNotMatch) {
  Explanation found = ask(kGuarded + policy("name: p",
                                            "targetRef: {kind: Service, name: s}, action: allow, rules: [{from: "
                                            "[{namespaces: [shop]}]}, {to: [{methods: [PUT]}]}]"),
                          kFromWeb);

  EXPECT_EQ(found.reason, Reason::kAuthzDenied);
  EXPECT_EQ(steps_after(found, "AuthorizationPolicy"),
            "AuthorizationPolicy default/p rule 0 (allow) at spiffe://td/s: the caller's namespace is not among those\n"
            "AuthorizationPolicy default/p rule 1 (allow) at spiffe://td/s: method differs\n"
            "authorization: denied at spiffe://td/s by default/p rule none");
  EXPECT_NE(explanation_json(query_of(kFromWeb), found)
                .find(R"("authorization":[{"identity":"spiffe://td/s","verdict":"denied","policy":"default/p",)"
                      R"("rule":"none"}])"),
            std::string::npos);
}

TEST(Explain, WhoIsAllowedIsRouted) {
  std::string guarded =
      kGuarded + policy("name: p", "targetRef: {kind: Workload, name: w}, action: allow, rules: [{}]");

  EXPECT_EQ(ask(guarded, kFromWeb).reason, Reason::kNone);
  EXPECT_EQ(steps_after(ask(guarded, kFromWeb), "authorization:"),
            "authorization: allowed at spiffe://td/s by default/p rule 0");
  EXPECT_EQ(steps_after(ask(guarded, {.url = "http://s/"}), "authorization:"),
            "authorization: not judged, no identity is given");
}

TEST(Explain, TheApplicationsPortIsTheSidecarsToKnow) {
  std::string target = "targetRef: {kind: Workload, name: w}, ";
  auto verdict = [&](std::string_view spec) {
    Explanation found = ask(kGuarded + policy("name: p", target + std::string(spec)), kFromWeb);
    return str_cat(to_text(found.authorizations.at(0).verdict), " ", info(found.reason).name);
  };

  EXPECT_EQ(verdict("action: deny, rules: [{to: [{ports: [80]}]}]"), "depends-on-port none");
  EXPECT_EQ(verdict("action: allow, rules: [{to: [{ports: [80]}]}]"), "depends-on-port none");
  EXPECT_EQ(verdict("action: allow, rules: [{to: [{ports: [80]}]}, {}]"), "allowed none");
  EXPECT_EQ(verdict("action: deny, rules: [{}, {to: [{ports: [80]}]}]"), "denied authz-denied");
}

TEST(Explain, APolicyForOthersIsNotShown) {
  EXPECT_EQ(steps_after(ask(kGuarded + policy("name: p, namespace: shop", "action: deny, rules: [{}]"), kFromWeb),
                        "authorization:"),
            "authorization: no policy protects spiffe://td/s");
}

const ExplainWords kFromPartner{.url = "http://s/x", .from = "spiffe://partner/ns/default/sa/web"};

TEST(Explain, ACallerOfAnotherTrustDomainNeedsARule) {
  Explanation found = ask(kGuarded, kFromPartner);

  EXPECT_EQ(found.reason, Reason::kAuthzDenied);
  EXPECT_EQ(
      steps_after(found, "authorization:"),
      "authorization: no policy protects spiffe://td/s\n"
      "authorization: denied at spiffe://td/s: the caller is of another trust domain, which only identities name");
  EXPECT_NE(explanation_json(query_of(kFromPartner), found)
                .find(R"("authorization":[{"identity":"spiffe://td/s","verdict":"denied","rule":"foreign"}])"),
            std::string::npos);
}

TEST(Explain, ARuleThatNamesItLetsACallerOfAnotherTrustDomainIn) {
  auto asked = [](std::string_view rule) {
    return ask(kGuarded + policy("name: p",
                                 str_cat("targetRef: {kind: Service, name: s}, action: allow, rules: [", rule, "]")),
               kFromPartner);
  };

  EXPECT_EQ(asked("{from: [{identities: ['spiffe://partner/*']}]}").reason, Reason::kNone);
  EXPECT_EQ(asked("{}").reason, Reason::kAuthzDenied);
  EXPECT_EQ(steps_after(asked("{}"), "AuthorizationPolicy"),
            "AuthorizationPolicy default/p rule 0 (allow) at spiffe://td/s: the caller is of another trust domain, "
            "which only identities name\nauthorization: denied at spiffe://td/s by default/p rule none");
}

TEST(Explain, WhatASidecarOfAnotherMeshDoesIsNotJudged) {
  std::string partner =
      "{apiVersion: heddle.dev/v1, kind: FederatedTrustDomain, metadata: {name: td}, spec: {trustDomain: td, "
      "bundleEndpoint: {url: 'https://td.test/', profile: https_web}}}\n---\n";

  Explanation found = ask(kGuarded + partner, kFromPartner);

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_TRUE(found.authorizations.empty());
}
}  // namespace
}  // namespace heddle
