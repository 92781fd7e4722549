#include "proxy/app/pod_bootstrap.h"

#include <gtest/gtest.h>

#include "lib/inject/sidecar_parts.h"

namespace heddle {
namespace {
// What Kubernetes makes of the fields that the container names.
std::string of_field(std::string_view path) {
  if (path == "metadata.name") return "web-0";
  if (path == "metadata.namespace") return "shop";
  if (path == "metadata.uid") return "5e0c";
  if (path == "status.podIPs") return "10.1.2.3,fd00::3";
  if (path == "spec.nodeName") return "node-1";
  if (path == "spec.serviceAccountName") return "web";
  return "";
}

PodEnvironment injected(const PodOptions& options) {
  InjectSettings settings;
  JsonValue env = *proxy_container({settings, options, "8080", {}}).find("env");
  PodEnvironment out;
  for (size_t i = 0; i < env.size(); ++i) {
    JsonValue one = env.at(i);
    std::optional<JsonValue> value = one.find("value");
    std::optional<JsonValue> field = one.find({"valueFrom", "fieldRef", "fieldPath"});
    std::string text = value ? std::string(*value->as_string()) : field ? of_field(*field->as_string()) : "1500";
    out.emplace(*one.find("name")->as_string(), text);
  }
  return out;
}

TEST(PodBootstrap, WhatInjectionPutsIntoAPodIsAWholeSidecar) {
  PodOptions options;
  options.cpu_limit = "1500m";
  Result<Settings> made = load_pod_bootstrap(injected(options));

  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_EQ(made->node, "web-0.shop");
  EXPECT_EQ(made->identity.id->text(), "spiffe://cluster.local/ns/shop/sa/web");
  EXPECT_EQ(made->identity.token_kind, TokenKind::kKubernetes);
  EXPECT_EQ(made->identity.token_file, "/var/run/secrets/heddle/token/token");
  EXPECT_EQ(made->control.addresses.at(0).text(), "heddle-control.heddle-system.svc:15010");
  EXPECT_EQ(made->control.bundle, "/etc/heddle/root.pem");
  EXPECT_EQ(made->workers, 2U);
  EXPECT_EQ(made->health->port(), 15020);
  ASSERT_EQ(made->listeners.size(), 4U);
  for (const ListenerSettings& listener : made->listeners) EXPECT_TRUE(listener.intercept);
}

TEST(PodBootstrap, ExplicitModeForwardsTheOnePort) {
  PodOptions options;
  options.mode = InjectMode::kExplicit;
  Result<Settings> made = load_pod_bootstrap(injected(options));

  ASSERT_TRUE(made.has_value()) << made.error().detail;
  ASSERT_EQ(made->listeners.size(), 2U);
  EXPECT_EQ(made->listeners[1].address.text(), "10.1.2.3:15006");
  EXPECT_EQ(made->listeners[1].forward->text(), "127.0.0.1:8080");
}

TEST(PodBootstrap, EveryProblemNamesItsVariable) {
  PodEnvironment bad = injected({});
  bad["HEDDLE_POD_IPS"] = "nowhere";
  bad["HEDDLE_MODE"] = "magic";
  bad["HEDDLE_DRAIN_DEADLINE"] = "soon";
  bad.erase("HEDDLE_SERVICE_ACCOUNT");

  Result<std::string> made = pod_bootstrap(bad);

  ASSERT_FALSE(made.has_value());
  for (std::string_view name : {"HEDDLE_POD_IPS", "HEDDLE_MODE", "HEDDLE_DRAIN_DEADLINE", "HEDDLE_SERVICE_ACCOUNT"}) {
    EXPECT_NE(made.error().detail.find(name), std::string::npos) << name << "\n" << made.error().detail;
  }
}

TEST(PodBootstrap, AnEnvironmentWithoutAPodIsNone) {
  const char* environment[] = {"HOME=/root", "HEDDLE_CONFIG=x", nullptr};
  EXPECT_FALSE(is_in_pod(pod_environment(environment)));
}
}  // namespace
}  // namespace heddle
