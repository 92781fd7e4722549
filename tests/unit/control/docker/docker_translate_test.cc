#include "control/docker/docker_translate.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using Texts = DockerContainer::Texts;

DockerContainer web(std::string name, std::string ip, Texts labels = {}) {
  DockerContainer out;
  out.id = str_cat("id-", name);
  out.name = std::move(name);
  out.labels = std::move(labels);
  out.labels.emplace("heddle.dev/service", "shop/web");
  out.labels.emplace("heddle.dev/ports", "80=8080");
  out.is_running = true;
  out.networks.emplace("back", std::move(ip));
  return out;
}

class DockerTranslateTest : public testing::Test {
 protected:
  void put(DockerContainer container) { containers_.push_back(std::move(container)); }
  Translation run() const { return translate_containers(containers_, {}); }
  std::string problems() const {
    std::string out;
    for (const ClusterProblem& one : run().problems) out.append(one.text()).append("\n");
    return out;
  }
  std::string keys() const {
    std::string out;
    for (const ClusterResource& one : run().resources) out.append(one.envelope.key.text()).append(" ");
    return out;
  }
  std::string at(std::string_view key, JsonValue::Path path) const {
    for (const ClusterResource& one : run().resources) {
      if (one.envelope.key.text() != key) continue;
      std::optional<JsonValue> found = one.envelope.document.find(path);
      return found ? found->compact() : "";
    }
    return "no such resource";
  }
  std::string endpoints() const { return at("BackendSet/shop/web.80", {"spec", "endpoints"}); }
  std::vector<DockerContainer> containers_;
};

TEST_F(DockerTranslateTest, ContainersAreEndpointsOfTheServiceTheyName) {
  put(web("web-2", "10.0.0.2", {{"heddle.dev/identity", "plaintext"}}));
  put(web("web-1", "10.0.0.1", {{"heddle.dev/weight", "3"}, {"heddle.dev/zone", "a"}}));
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(keys(), "Service/shop/web BackendSet/shop/web.80 ");
  EXPECT_EQ(at("Service/shop/web", {"spec", "ports"}), R"([{"backendSet":"web.80","port":80,"protocol":"auto"}])");
  EXPECT_EQ(
      endpoints(),
      R"([{"address":"10.0.0.1","identity":"spiffe://cluster.local/ns/shop/sa/web","port":8080,"weight":3,"zone":"a"},)"
      R"({"address":"10.0.0.2","port":8080,"tls":"plaintext"}])");
}

TEST_F(DockerTranslateTest, OnlyWhatRunsAndIsHealthyIsAnEndpointAndTheServiceStays) {
  for (std::string_view health : {"starting", "unhealthy"}) {
    put(web(str_cat("a-", health), "10.0.0.1"));
    containers_.back().health = health;
  }
  put(web("stopped", ""));
  containers_.back().is_running = false;
  containers_.back().networks.clear();
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(endpoints(), "[]");
  put(web("well", "10.0.0.4"));
  containers_.back().health = "healthy";
  EXPECT_NE(endpoints().find("10.0.0.4"), std::string::npos);
}

TEST_F(DockerTranslateTest, LabelsBecomePolicies) {
  put(web("web-1", "10.0.0.1",
          {{"heddle.dev/timeout", "15s"},
           {"heddle.dev/health-path", "/healthz"},
           {"heddle.dev/protocol", "grpc"},
           {"heddle.dev/load-balancer", "roundRobin"},
           {"heddle.dev/visibility", "namespace"}}));
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(at("TrafficPolicy/shop/web.annotations", {"spec", "timeouts"}), R"({"request":"15s"})");
  EXPECT_EQ(at("HealthPolicy/shop/web.annotations", {"spec", "active"}), R"([{"kind":"http","path":"/healthz"}])");
  EXPECT_EQ(at("BackendSet/shop/web.80", {"spec", "loadBalancer"}), R"({"policy":"roundRobin"})");
  EXPECT_EQ(at("BackendSet/shop/web.80", {"spec", "protocol"}), R"("http2")");
  EXPECT_EQ(at("Service/shop/web", {"spec", "visibility"}), R"("namespace")");
}

TEST_F(DockerTranslateTest, ALabelOnWhichContainersDisagreeCountsForNone) {
  put(web("web-1", "10.0.0.1", {{"heddle.dev/timeout", "15s"}, {"heddle.dev/retries", "2"}}));
  put(web("web-2", "10.0.0.2", {{"heddle.dev/timeout", "20s"}}));
  EXPECT_EQ(problems(),
            "containers web-1, web-2: label heddle.dev/timeout: they disagree for Service shop/web: \"15s\" and "
            "\"20s\"; it counts for none\n");
  EXPECT_EQ(at("TrafficPolicy/shop/web.annotations", {"spec", "timeouts"}), "");
  EXPECT_EQ(at("TrafficPolicy/shop/web.annotations", {"spec", "retry"}), R"({"attempts":2})");
  containers_[0].is_running = false;  // the one that has stopped no longer counts
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(at("TrafficPolicy/shop/web.annotations", {"spec", "timeouts"}), R"({"request":"20s"})");
}

TEST_F(DockerTranslateTest, AWrongContainerTakesOnlyItselfOut) {
  struct Case {
    Texts labels;
    std::string_view problem;
  };
  const Case cases[] = {
      {{{"heddle.dev/service", "Shop/Web"}}, "label heddle.dev/service: \"Shop/Web\": expected NAME or NAMESPACE/NAME"},
      {{{"heddle.dev/ports", "80=x"}}, "label heddle.dev/ports: \"80=x\": expected PORT or PORT=PORT OF THE CONTAINER"},
      {{{"heddle.dev/ports", "80,80=81"}}, "label heddle.dev/ports: names port 80 twice"},
      {{{"heddle.dev/identity", "a b"}}, "label heddle.dev/identity: \"a b\": expected spiffe://TRUST DOMAIN/PATH"},
      {{{"heddle.dev/weight", "1000001"}}, "label heddle.dev/weight: \"1000001\": expected a number of 0 to 1000000"},
      {{{"heddle.dev/zone", ""}}, "label heddle.dev/zone: \"\": expected 1 to 63 bytes"},
      {{{"heddle.dev/network", "front"}},
       "label heddle.dev/network: \"front\": it has no address there; it has in: back"},
      {{{"heddle.dev/enable", "yes"}}, "label heddle.dev/enable: \"yes\": expected true or false"}};
  for (const Case& one : cases) {
    containers_ = {web("odd", "10.0.0.9", one.labels), web("well", "10.0.0.1")};
    EXPECT_TRUE(problems().starts_with(str_cat("container odd: ", one.problem))) << problems();
    EXPECT_NE(endpoints().find("10.0.0.1"), std::string::npos) << problems();
    EXPECT_EQ(endpoints().find("10.0.0.9"), std::string::npos) << problems();
  }
}

TEST_F(DockerTranslateTest, TheNetworkMustBeSaidWhereThereAreSeveral) {
  put(web("web-1", "10.0.0.1", {{"com.docker.compose.project", "shop"}}));
  containers_[0].networks = {{"shop_back", "10.0.0.1"}, {"shop_front", "10.1.0.1"}};
  EXPECT_EQ(problems(),
            "container web-1: label heddle.dev/network: is missing: it has addresses in shop_back, shop_front\n");
  containers_[0].labels["heddle.dev/network"] = "front";  // Compose's name of it
  EXPECT_EQ(problems(), "");
  EXPECT_NE(endpoints().find("10.1.0.1"), std::string::npos);
  containers_[0].networks.clear();
  containers_[0].labels.erase("heddle.dev/network");
  EXPECT_EQ(problems(),
            "container web-1: label heddle.dev/network: it has no address in a network (network_mode host or none)\n");
}

TEST_F(DockerTranslateTest, InComposeEnableIsEnough) {
  DockerContainer one = web("shop-cart-1", "10.0.0.1");
  one.labels = {
      {"heddle.dev/enable", "true"}, {"com.docker.compose.project", "shop"}, {"com.docker.compose.service", "cart"}};
  one.exposed = {8080};
  put(one);
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(keys(), "Service/shop/cart BackendSet/shop/cart.8080 ");
  containers_[0].exposed = {80, 443};
  EXPECT_TRUE(problems().starts_with("container shop-cart-1: label heddle.dev/ports: is missing")) << problems();
  containers_[0].labels["heddle.dev/enable"] = "false";
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(keys(), "");
}

TEST_F(DockerTranslateTest, ASlipIsToldInTheWordsOfLabels) {
  put(web("web-1", "10.0.0.1", {{"heddle.dev/timeout", "soon"}, {"heddle.dev/tmeout", "1s"}}));
  put(web("web-2", "10.0.0.2"));
  std::string told = problems();
  EXPECT_NE(told.find("container web-1: label heddle.dev/tmeout: is no label of Heddle\n"), std::string::npos) << told;
  EXPECT_NE(told.find("container web-1: label heddle.dev/timeout: "), std::string::npos) << told;
  EXPECT_NE(endpoints().find("10.0.0.2"), std::string::npos);
}

TEST_F(DockerTranslateTest, WrongWordsOfPortsAreToldOfThoseWhoSayThem) {
  put(web("web-1", "10.0.0.1", {{"heddle.dev/protocol", "spdy"}, {"heddle.dev/opaque-ports", "x"}}));
  std::string told = problems();
  EXPECT_NE(told.find("container web-1: label heddle.dev/protocol: \"spdy\""), std::string::npos) << told;
  EXPECT_NE(told.find("container web-1: label heddle.dev/opaque-ports: \"x\""), std::string::npos) << told;
}

TEST_F(DockerTranslateTest, AnAddressIsTakenOnce) {
  put(web("a", "10.0.0.1"));
  put(web("b", "10.0.0.1"));
  EXPECT_EQ(problems(), "container b: has the address and port of container a, which is taken\n");
  EXPECT_EQ(endpoints(), R"([{"address":"10.0.0.1","identity":"spiffe://cluster.local/ns/shop/sa/web","port":8080}])");
}

TEST_F(DockerTranslateTest, AnIdentityIsAnAccountOrAWholeId) {
  put(web("a", "10.0.0.1", {{"heddle.dev/identity", "clerk"}}));
  EXPECT_NE(endpoints().find("spiffe://cluster.local/ns/shop/sa/clerk"), std::string::npos);
  containers_[0].labels["heddle.dev/identity"] = "spiffe://other.org/web";
  EXPECT_NE(endpoints().find(R"("spiffe://other.org/web")"), std::string::npos) << problems();
}
}  // namespace
}  // namespace heddle
