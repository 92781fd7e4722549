#include "lib/config/route_kinds.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string route(std::string_view kind, std::string_view metadata, std::string_view parent) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {", metadata,
                 "}, spec: {parentRefs: [{group: '', kind: Service, name: a, namespace: default", parent,
                 "}], rules: [{backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, namespace: default}]}]}}",
                 "\n---\n");
}
std::string conflicts(std::string_view yaml) {
  std::string out;
  for (const RouteConflict& conflict : route_conflicts(snapshot_of(yaml)->model())) {
    out.append(str_cat(conflict.loser.text(), " ", conflict.text(), "\n"));
  }
  return out;
}

TEST(RouteKinds, AnHttpRouteGivesWayToAGrpcRouteWhateverTheirAge) {
  EXPECT_EQ(conflicts(service_yaml("a") + route("HTTPRoute", "name: h, creationTimestamp: '2020-01-01T00:00:00Z'", "") +
                      route("GRPCRoute", "name: g, creationTimestamp: '2026-01-01T00:00:00Z'", ", port: 80")),
            "HTTPRoute/default/h is not accepted for port 80 of Service default/a: GRPCRoute default/g is attached to "
            "it\n");
}

TEST(RouteKinds, RoutesOfOneKindMerge) {
  EXPECT_EQ(conflicts(service_yaml("a") + route("GRPCRoute", "name: g", "") + route("GRPCRoute", "name: h", "")), "");
}

TEST(RouteKinds, PortsAreJudgedApart) {
  std::string two =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}, {port: 81}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {tls: plaintext}}\n---\n";

  EXPECT_EQ(conflicts(two + route("HTTPRoute", "name: h", ", port: 81") + route("GRPCRoute", "name: g", ", port: 80")),
            "");
  EXPECT_NE(conflicts(two + route("HTTPRoute", "name: h", "") + route("GRPCRoute", "name: g", ", port: 81")), "");
}

TEST(RouteKinds, ConsumerRoutesAreJudgedApart) {
  EXPECT_EQ(conflicts(service_yaml("a") + route("HTTPRoute", "name: h, namespace: shop", "") +
                      route("GRPCRoute", "name: g", "")),
            "");
}
}  // namespace
}  // namespace heddle
