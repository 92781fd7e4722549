#include "lib/config/validate.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string problems_of(std::string_view yaml, ModelScope scope = ModelScope::kWhole) {
  return validate(model_of(yaml), scope).text();
}

std::string route(std::string_view parent, std::string_view backends) {
  return str_cat(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
      "spec: {parentRefs: [{group: '', kind: Service, ",
      parent, "}], rules: [{backendRefs: [", backends, "]}]}\n---\n");
}
std::string heddle(std::string_view kind, std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: ", kind, ", metadata: {name: ", name, "}, spec: ", spec,
                 "}\n---\n");
}
constexpr std::string_view kSetA = "{group: heddle.dev, kind: BackendSet, name: a}";

TEST(Validate, AcceptsWhatFitsTogether) {
  EXPECT_EQ(problems_of(service_yaml("a") + route("name: a, port: 80", str_cat(kSetA, ", {name: a, port: 80}")) +
                        heddle("HealthPolicy", "h", "{targetRef: {name: a}}") +
                        heddle("TrafficPolicy", "t", "{targetRef: {name: a}}") +
                        heddle("Workload", "w", "{identity: spiffe://td/w, services: [a]}")),
            "");
}

TEST(Validate, NamesBackendSetsThatAreMissing) {
  EXPECT_EQ(problems_of(service_yaml("a") +
                        route("name: a", str_cat(kSetA, ", {group: heddle.dev, kind: BackendSet, name: x}"))),
            "HTTPRoute default/r: spec.rules[0].backendRefs[1].name: no BackendSet \"x\" in namespace \"default\"");
}

TEST(Validate, NamesServicesAndPortsThatAreMissing) {
  EXPECT_EQ(problems_of(service_yaml("a") + route("name: b", "{name: c, port: 80}, {name: a, port: 81}")),
            "HTTPRoute default/r: spec.parentRefs[0].name: no Service \"b\" in namespace \"default\"\n"
            "HTTPRoute default/r: spec.rules[0].backendRefs[0].name: no Service \"c\" in namespace \"default\"\n"
            "HTTPRoute default/r: spec.rules[0].backendRefs[1].port: Service default/a has no port 81");
}

TEST(Validate, NamesAParentPortThatIsMissing) {
  EXPECT_EQ(problems_of(service_yaml("a") + route("name: a, port: 81", kSetA)),
            "HTTPRoute default/r: spec.parentRefs[0].port: Service default/a has no port 81");
}

TEST(Validate, PartOfTheMeshMayLackParentsAndTargets) {
  std::string yaml = service_yaml("a") + route("name: b", kSetA) +
                     heddle("HealthPolicy", "h", "{targetRef: {name: x}}") +
                     heddle("Workload", "w", "{identity: spiffe://td/w, services: [x]}");

  EXPECT_EQ(problems_of(yaml, ModelScope::kPart), "");
  EXPECT_EQ(problems_of(yaml, ModelScope::kWhole),
            "HTTPRoute default/r: spec.parentRefs[0].name: no Service \"b\" in namespace \"default\"\n"
            "HealthPolicy default/h: spec.targetRefs[0].name: no BackendSet \"x\" in namespace \"default\"\n"
            "Workload default/w: spec.services[0]: no Service \"x\" in namespace \"default\"");
}

TEST(Validate, AServiceNeedsItsBackendSetUnlessRoutesAnswer) {
  std::string bare = heddle("Service", "b", "{ports: [{port: 80}]}");

  EXPECT_EQ(problems_of(bare),
            "Service default/b: spec.ports[0].backendSet: no BackendSet \"b\" in namespace \"default\"");
  EXPECT_EQ(problems_of(bare + service_yaml("a") + route("name: b", kSetA)), "");
}

TEST(Validate, ANameBelongsToOneService) {
  EXPECT_EQ(problems_of(service_yaml("a") + heddle("BackendSet", "b", "{}") +
                        heddle("Service", "b", "{ports: [{port: 80}], hosts: [a.default.svc]}")),
            "Service default/b: spec.hosts: the name \"a.default.svc\" belongs to Service default/a already");
}

TEST(Validate, AnAddressWithAPortBelongsToOneService) {
  auto service = [](std::string_view name, std::string_view port) {
    return heddle("BackendSet", name, "{}") +
           heddle("Service", name, str_cat("{ports: [{port: ", port, "}], addresses: [10.96.0.10, \"fd00::10\"]}"));
  };

  EXPECT_EQ(problems_of(service("a", "80") + service("b", "81")), "");
  EXPECT_EQ(problems_of(service("a", "80") + service("b", "80")),
            "Service default/b: spec.addresses[0]: 10.96.0.10:80 belongs to Service default/a already\n"
            "Service default/b: spec.addresses[1]: [fd00::10]:80 belongs to Service default/a already");
}

TEST(Validate, ABackendSetHasOneTrafficPolicyThatExists) {
  std::string first = heddle("TrafficPolicy", "t1", "{targetRefs: [{name: a}]}");

  EXPECT_EQ(problems_of(service_yaml("a") + first + heddle("TrafficPolicy", "t2", "{targetRefs: [{name: a}]}")),
            "TrafficPolicy default/t2: spec.targetRefs[0].name: BackendSet \"a\" has the TrafficPolicy \"t1\" already");
  EXPECT_EQ(problems_of(first),
            "TrafficPolicy default/t1: spec.targetRefs[0].name: no BackendSet \"a\" in namespace \"default\"");
  EXPECT_EQ(problems_of(first, ModelScope::kPart), "");
}

TEST(Validate, ABackendSetHasOneHealthPolicy) {
  EXPECT_EQ(problems_of(heddle("BackendSet", "a", "{healthPolicy: h1}") + heddle("HealthPolicy", "h1", "{}") +
                        heddle("HealthPolicy", "h2", "{targetRef: {name: a}}")),
            "HealthPolicy default/h2: spec.targetRefs[0].name: BackendSet \"a\" has the HealthPolicy \"h1\" already");
  EXPECT_EQ(problems_of(heddle("BackendSet", "a", "{healthPolicy: h}")),
            "BackendSet default/a: spec.healthPolicy: no HealthPolicy \"h\" in namespace \"default\"");
}
}  // namespace
}  // namespace heddle
