#include "control/translate/node_view.h"

#include "control/translate/scope_cache.h"
#include "lib/config/content_hash.h"
#include "lib/config/validate.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
Envelope route(std::string_view ns, std::string_view name, std::string_view parent, std::string_view backends) {
  return envelope(str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":")",
                          name, R"(","namespace":")", ns, R"("},"spec":{"parentRefs":[)", parent,
                          R"(],"rules":[{"backendRefs":[)", backends, "]}]}}"));
}
std::string parent(std::string_view name, std::string_view ns = "default") {
  return str_cat(R"({"group":"heddle.dev","kind":"Service","name":")", name, R"(","namespace":")", ns, R"("})");
}
std::string to_set(std::string_view name) {
  return str_cat(R"({"group":"heddle.dev","kind":"BackendSet","name":")", name, R"("})");
}
std::string to_service(std::string_view name, std::string_view ns = "default") {
  return str_cat(R"({"group":"heddle.dev","kind":"Service","name":")", name, R"(","namespace":")", ns,
                 R"(","port":80})");
}
Envelope policy(std::string_view name, std::string_view target) {
  return heddle_resource("HealthPolicy", "default", name,
                         str_cat(R"({"targetRefs":[{"group":"heddle.dev","kind":"BackendSet","name":")", target,
                                 R"("}],"active":[{"kind":"tcp"}]})"));
}

Envelope authorization(std::string_view name, std::string_view spec, std::string_view ns = "default") {
  return heddle_resource("AuthorizationPolicy", ns, name, str_cat("{", spec, "}"));
}
Envelope workload(std::string_view name, std::string_view account, std::string_view services) {
  return heddle_resource(
      "Workload", "default", name,
      str_cat(R"({"identity":"spiffe://cluster.local/ns/default/sa/)", account, R"(","services":[)", services, "]}"));
}

class NodeViewTest : public testing::Test {
 protected:
  void put(Envelope resource) {
    Result<Commit> commit = store_.commit({PutOperation{std::move(resource)}});
    ASSERT_TRUE(commit.has_value()) << commit.error().text();
  }
  NodeRequest request(std::initializer_list<std::string_view> services, std::string_view ns = "default",
                      std::string_view account = "web") {
    NodeRequest out{*SpiffeId::parse(str_cat("spiffe://cluster.local/ns/", ns, "/sa/", account))};
    for (std::string_view name : services) out.wants.insert(*ResourceKey::parse(str_cat("Service/", name)));
    return out;
  }
  NodeView view_for(const NodeRequest& r) { return node_view(ReferenceIndex(store_->view()), r); }
  static std::vector<std::string> keys(const NodeView& view) {
    std::vector<std::string> out;
    for (const StoredResource::Ptr& resource : view.set->resources) out.push_back(resource->key_text());
    return out;
  }
  using Keys = std::vector<std::string>;
  TestStore store_;
};

TEST_F(NodeViewTest, AFilterComesWithTheRoutesThatNameIt) {
  auto filter = [](std::string_view ns, std::string_view name) {
    return heddle_resource("HTTPRouteFilter", ns, name, R"({"directResponse":{"status":200}})");
  };
  put(heddle_resource("Service", "default", "a", R"({"ports":[{"port":80,"protocol":"http"}]})"));
  put(filter("default", "f"));
  put(filter("default", "g"));
  put(filter("other", "f"));
  put(envelope(str_cat(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"default"},)",
      R"("spec":{"parentRefs":[)", parent("a"), R"(],"rules":[{"filters":[{"type":"ExtensionRef","extensionRef":)",
      R"({"group":"heddle.dev","kind":"HTTPRouteFilter","name":"f"}}]}]}})")));

  EXPECT_EQ(keys(view_for(request({"default/a"}))),
            (Keys{"HTTPRoute/default/r", "HTTPRouteFilter/default/f", "Service/default/a"}));
}

TEST_F(NodeViewTest, WhereAMirrorLeadsComesWithItsRoute) {
  for (std::string_view name : {"a", "b", "shadow", "unused"}) put(backend_set(name));
  put(service("a"));
  put(service("b"));
  auto mirror = [](const std::string& to) {
    return str_cat(R"({"type":"RequestMirror","requestMirror":{"backendRef":)", to, "}}");
  };
  put(envelope(str_cat(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"default"},)",
      R"("spec":{"parentRefs":[)", parent("a"), R"(],"rules":[{"filters":[)", mirror(to_set("shadow")), ",",
      mirror(to_service("b")), R"(],"backendRefs":[)", to_set("a"), "]}]}}")));

  EXPECT_EQ(keys(view_for(request({"default/a"}))),
            (Keys{"BackendSet/default/a", "BackendSet/default/b", "BackendSet/default/shadow", "HTTPRoute/default/r",
                  "Service/default/a", "Service/default/b"}));
}

TEST_F(NodeViewTest, RateLimitsGoToTheSidecarsOfTheirWorkloads) {
  auto limits = [](std::string_view name, std::string_view target, std::string_view ns = "default") {
    return heddle_resource("RateLimitPolicy", ns, name,
                           str_cat("{", target, R"("limits":[{"name":"a","requests":1,"per":"1s"}]})"));
  };
  put(backend_set("a"));
  put(service("a"));
  put(workload("w", "app", R"("a")"));
  put(limits("all", ""));
  put(limits("away", "", "shop"));
  put(limits("of-a", R"("targetRef":{"kind":"Service","name":"a"},)"));

  EXPECT_EQ(keys(view_for(request({}, "default", "app"))),
            (Keys{"BackendSet/default/a", "RateLimitPolicy/default/all", "RateLimitPolicy/default/of-a",
                  "Service/default/a", "Workload/default/w"}));
  EXPECT_EQ(keys(view_for(request({}, "default", "web"))), (Keys{"RateLimitPolicy/default/all"}));
  EXPECT_EQ(keys(view_for(request({}, "shop", "cart"))), (Keys{"RateLimitPolicy/shop/away"}));
}

TEST_F(NodeViewTest, HoldsGrpcRoutesAndWhatTheyReferTo) {
  put(backend_set("a"));
  put(backend_set("canary"));
  put(service("a"));
  put(envelope(
      str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"GRPCRoute","metadata":{"name":"calls"},)",
              R"("spec":{"parentRefs":[)", parent("a"), R"(],"rules":[{"backendRefs":[)", to_set("canary"), "]}]}}")));

  EXPECT_EQ(keys(view_for(request({"default/a"}))), (Keys{"BackendSet/default/a", "BackendSet/default/canary",
                                                          "GRPCRoute/default/calls", "Service/default/a"}));
}

// As HTTPRoutes do; those of another namespace are for the sidecars there.
TEST_F(NodeViewTest, HoldsRoutesOfConnectionsAndWhatTheyReferTo) {
  auto l4_route = [&](std::string_view kind, std::string_view ns, std::string_view name, std::string_view more) {
    return envelope(str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1alpha2","kind":")", kind,
                            R"(","metadata":{"name":")", name, R"(","namespace":")", ns, R"("},"spec":{"parentRefs":[)",
                            R"({"group":"","kind":"Service","name":"a","namespace":"default"}],)", more,
                            R"("rules":[{"backendRefs":[{"group":"heddle.dev","kind":"BackendSet","namespace":)",
                            R"("default","name":"canary"}]}]}})"));
  };
  put(backend_set("a"));
  put(backend_set("canary"));
  put(heddle_resource("Service", "default", "a", R"({"ports":[{"port":6379,"protocol":"tcp"}]})"));
  put(l4_route("TCPRoute", "default", "t", ""));
  put(l4_route("TLSRoute", "default", "s", R"("hostnames":["a.test"],)"));
  put(l4_route("TCPRoute", "elsewhere", "u", ""));

  EXPECT_EQ(keys(view_for(request({"default/a"}))),
            (Keys{"BackendSet/default/a", "BackendSet/default/canary", "Service/default/a", "TCPRoute/default/t",
                  "TLSRoute/default/s"}));
}

TEST_F(NodeViewTest, HoldsAWantedServiceAndWhatItRefersTo) {
  put(backend_set("a"));
  put(backend_set("canary"));
  put(service("a"));
  put(policy("checks", "a"));
  put(route("default", "split", parent("a"), to_set("a") + "," + to_set("canary")));
  put(backend_set("stranger"));
  put(service("stranger"));

  NodeView view = view_for(request({"default/a"}));

  EXPECT_EQ(keys(view), (Keys{"BackendSet/default/a", "BackendSet/default/canary", "HTTPRoute/default/split",
                              "HealthPolicy/default/checks", "Service/default/a"}));
  EXPECT_TRUE(view.unknown.empty());
  EXPECT_EQ(view.version, store_->version());
}

TEST_F(NodeViewTest, ATrafficPolicyGoesWhereItsBackendSetGoes) {
  put(backend_set("a"));
  put(backend_set("b"));
  put(service("a"));
  put(service("b"));
  put(heddle_resource("TrafficPolicy", "default", "limits",
                      R"({"targetRefs":[{"kind":"BackendSet","name":"a"}],"limits":{"requests":5}})"));

  EXPECT_EQ(keys(view_for(request({"default/a"}))),
            (Keys{"BackendSet/default/a", "Service/default/a", "TrafficPolicy/default/limits"}));
  EXPECT_EQ(keys(view_for(request({"default/b"}))), (Keys{"BackendSet/default/b", "Service/default/b"}));
}

TEST_F(NodeViewTest, ASubsetBringsItsParentAndWhatThatNeeds) {
  put(heddle_resource("HealthPolicy", "default", "named", R"({"active":[{"kind":"tcp"}]})"));
  put(heddle_resource(
      "BackendSet", "default", "all",
      R"({"tls":"plaintext","healthPolicy":"named","endpoints":[{"address":"127.0.0.1","port":1,"labels":{"v":"1"}}]})"));
  put(heddle_resource("BackendSet", "default", "v1", R"({"subsetOf":{"name":"all","labels":{"v":"1"}}})"));
  put(heddle_resource("BackendSet", "default", "v2", R"({"subsetOf":{"name":"all","labels":{"v":"2"}}})"));
  put(heddle_resource("TrafficPolicy", "default", "balance",
                      R"({"targetRefs":[{"kind":"BackendSet","name":"all"}],"loadBalancer":{"policy":"random"}})"));
  put(heddle_resource("Service", "default", "a", R"({"ports":[{"port":80,"backendSet":"v1"}]})"));

  NodeView view = view_for(request({"default/a"}));

  EXPECT_EQ(keys(view), (Keys{"BackendSet/default/all", "BackendSet/default/v1", "HealthPolicy/default/named",
                              "Service/default/a", "TrafficPolicy/default/balance"}));
  Model model;
  for (const StoredResource::Ptr& resource : view.set->resources) {
    put_spec(model, resource->key(), *resource->spec());
  }
  EXPECT_EQ(validate(model, ModelScope::kPart).text(), "");
}

TEST_F(NodeViewTest, IsEnoughForASidecarToValidate) {
  put(backend_set("a"));
  put(backend_set("b"));
  put(service("a"));
  put(service("b"));
  put(policy("checks", "b"));
  put(route("default", "over", parent("a"), to_service("b")));
  NodeView view = view_for(request({"default/a"}));
  Model model;
  for (const StoredResource::Ptr& resource : view.set->resources) {
    put_spec(model, resource->key(), *resource->spec());
  }

  EXPECT_EQ(model.size(), 6U);
  EXPECT_EQ(validate(model, ModelScope::kPart).text(), "");
}

TEST_F(NodeViewTest, FollowsRoutesToServicesAndSurvivesCycles) {
  put(backend_set("a"));
  put(backend_set("b"));
  put(service("a"));
  put(service("b"));
  put(route("default", "ab", parent("a"), to_service("b")));
  put(route("default", "ba", parent("b"), to_service("a")));

  EXPECT_EQ(keys(view_for(request({"default/a"}))), keys(view_for(request({"default/b"}))));
}

TEST_F(NodeViewTest, UnknownAndInvisibleAreOneAnswer) {
  put(backend_set("secret"));
  put(service("secret", R"(,"visibility":"namespace")"));

  NodeView stranger = view_for(request({"default/secret", "default/ghost"}, "other"));
  NodeView neighbour = view_for(request({"default/secret"}, "default"));

  EXPECT_EQ(stranger.unknown.size(), 2U);
  EXPECT_TRUE(stranger.set->resources.empty());
  EXPECT_EQ(keys(neighbour), (Keys{"BackendSet/default/secret", "Service/default/secret"}));
}

TEST_F(NodeViewTest, VisibilityByIdentityPattern) {
  put(backend_set("a"));
  put(service("a", R"(,"visibility":["spiffe://cluster.local/ns/shop/*"])"));

  EXPECT_TRUE(view_for(request({"default/a"}, "shop")).unknown.empty());
  EXPECT_EQ(view_for(request({"default/a"}, "shopping")).unknown.size(), 1U);
}

TEST_F(NodeViewTest, AConsumerRouteCountsInItsNamespaceOnly) {
  put(backend_set("a"));
  put(service("a"));
  put(backend_set("mine", "8080", "shop"));
  put(route("shop", "mine", parent("a"), to_set("mine")));

  EXPECT_EQ(keys(view_for(request({"default/a"}, "shop"))),
            (Keys{"BackendSet/default/a", "BackendSet/shop/mine", "HTTPRoute/shop/mine", "Service/default/a"}));
  EXPECT_EQ(keys(view_for(request({"default/a"}, "default"))), (Keys{"BackendSet/default/a", "Service/default/a"}));
}

TEST_F(NodeViewTest, AWorkloadHoldsTheServicesItServes) {
  put(backend_set("a"));
  put(service("a", R"(,"visibility":["spiffe://cluster.local/ns/x/sa/y"])"));
  put(heddle_resource("Workload", "default", "w",
                      R"({"identity":"spiffe://cluster.local/ns/default/sa/web","services":["a"]})"));

  EXPECT_EQ(keys(view_for(request({}))), (Keys{"BackendSet/default/a", "Service/default/a", "Workload/default/w"}));
  EXPECT_TRUE(view_for(request({"default/a"})).unknown.empty());
  EXPECT_TRUE(view_for(request({}, "default", "other")).set->resources.empty());
}

TEST_F(NodeViewTest, EverythingIsEverything) {
  put(backend_set("a"));
  put(backend_set("b"));
  NodeRequest all = request({});
  all.scope = WatchScope::kEverything;

  EXPECT_EQ(view_for(all).set->resources.size(), 2U);
}

TEST_F(NodeViewTest, TheHashIsThatOfTheBytes) {
  put(backend_set("a"));
  put(service("a"));
  NodeView view = view_for(request({"default/a"}));
  ContentHasher hasher;
  for (const StoredResource::Ptr& r : view.set->resources) hasher.put({r->key(), std::string(r->bytes())});

  EXPECT_EQ(view.set->hash, hasher.value());
}

TEST_F(NodeViewTest, EqualScopesShareOneSet) {
  put(backend_set("a"));
  put(service("a"));
  ScopeCache cache;
  cache.advance(store_->view());

  ScopeSet::Ptr one = cache.current(request({"default/a"})).set;
  ScopeSet::Ptr other = cache.current(request({"default/a"}, "other")).set;
  put(backend_set("unrelated"));
  cache.advance(store_->view());

  EXPECT_EQ(one, other);
  EXPECT_EQ(cache.current(request({"default/a"})).set, one);
  EXPECT_EQ(cache.current(request({"default/a"})).version, store_->version());
}

TEST_F(NodeViewTest, AnOldViewIsJudgedAsItWas) {
  put(backend_set("a"));
  put(service("a"));
  Version before = store_->version();
  put(backend_set("a", "9"));
  ScopeCache cache;
  cache.advance(store_->view());

  NodeView old = cache.at(*store_->view_at(before), request({"default/a"}));

  EXPECT_EQ(old.version, before);
  EXPECT_NE(old.set->hash, cache.current(request({"default/a"})).set->hash);
}
TEST_F(NodeViewTest, AuthorizationGoesToTheWorkloadsItProtectsOnly) {
  put(backend_set("a"));
  put(service("a"));
  put(workload("w", "web", R"("a")"));
  put(workload("x", "other", ""));
  put(authorization("service", R"("action":"allow","targetRef":{"kind":"Service","name":"a"})"));
  put(authorization("workload", R"("action":"allow","targetRef":{"kind":"Workload","name":"w"})"));
  put(authorization("namespace", R"("action":"deny","rules":[{}])"));
  put(authorization("shop", R"("action":"deny","rules":[{}])", "shop"));
  put(authorization("mesh", R"("defaultAction":"mesh-only")", "heddle-system"));
  put(authorization("system", R"("action":"deny","rules":[{}])", "heddle-system"));
  auto policies_for = [&](const NodeRequest& r) {
    Keys out;
    for (std::string& key : keys(view_for(r))) {
      if (key.starts_with("Auth")) out.push_back(key.substr(key.find('/') + 1));
    }
    return out;
  };

  EXPECT_EQ(policies_for(request({})),
            (Keys{"default/namespace", "default/service", "default/workload", "heddle-system/mesh"}));
  EXPECT_EQ(policies_for(request({}, "default", "other")), (Keys{"default/namespace", "heddle-system/mesh"}));
  EXPECT_EQ(policies_for(request({"default/a"}, "bank", "client")), (Keys{"heddle-system/mesh"}));
  EXPECT_EQ(policies_for(request({"default/a"}, "shop", "client")), (Keys{"heddle-system/mesh", "shop/shop"}));
}

}  // namespace
}  // namespace heddle
