#include "tests/support/explain_generator.h"

#include "lib/base/strings.h"
#include "tests/support/generated_dice.h"
#include "tests/support/generated_requests.h"
#include "tests/support/generated_rules.h"

namespace heddle {
namespace {
constexpr std::string_view kServices[] = {"svc0", "svc1", "guarded", "cart"};

class MeshWriter {
 public:
  MeshWriter(uint64_t seed, const GeneratedPlaces& places) : dice_(seed), places_(places) {}

  GeneratedMesh write(size_t requests) {
    write_sets();
    write_services();
    for (std::string_view ns : {"default", "shop"}) write_filters(ns);
    for (std::string_view service : kServices) write_routes(service);
    write_calls();
    write_policies();
    for (size_t i = 0; i < requests; ++i) out_.requests.push_back(generated_request(dice_));
    return std::move(out_);
  }

 private:
  void resource(std::string_view group, std::string_view kind, std::string_view ns, std::string_view name,
                std::string_view spec) {
    out_.yaml.append(generated_resource(group, kind, ns, name, spec));
  }
  void ours(std::string_view kind, std::string_view ns, std::string_view name, std::string_view spec) {
    resource("heddle.dev", kind, ns, name, spec);
  }

  void plain_set(std::string_view ns, std::string_view name, const Address& at, int weight = 1) {
    ours("BackendSet", ns, name,
         str_cat("tls: plaintext, endpoints: [{address: 127.0.0.1, port: ", std::to_string(at.port()),
                 ", weight: ", std::to_string(weight), "}]"));
  }

  void write_sets() {
    for (size_t i = 0; i < places_.origins.size(); ++i) plain_set("default", kGeneratedSets[i], places_.origins[i]);
    plain_set("shop", "cart", places_.origins[3]);
    plain_set("default", "idle", places_.origins[0], 0);
    ours("BackendSet", "default", "empty", "endpoints: []");
    write_fleet();
    plain_set("default", "shadow0", places_.mirrors[0]);
    plain_set("default", "shadow1", places_.mirrors[1]);
    ours("BackendSet", "default", "guarded",
         str_cat("endpoints: [{address: 127.0.0.1, port: ", std::to_string(places_.guarded.port()), ", identity: '",
                 places_.identity, "'}]"));
  }

  // One set in three parts by its endpoints' labels; the last of them has none.
  void write_fleet() {
    std::string endpoints;
    for (size_t i = 0; i < places_.origins.size(); ++i) {
      endpoints.append(str_cat(i == 0 ? "" : ", ",
                               "{address: 127.0.0.1, port: ", std::to_string(places_.origins[i].port()),
                               ", labels: {part: ", i < 3 ? "a" : "b", "}}"));
    }
    ours("BackendSet", "default", "fleet", str_cat("tls: plaintext, endpoints: [", endpoints, "]"));
    for (std::string_view part : {"a", "b", "no"}) {
      ours("BackendSet", "default", str_cat("fleet-", part),
           str_cat("subsetOf: {name: fleet, labels: {part: '", part, "'}}"));
    }
  }

  // GRPCRoutes have a service of their own: a service takes one sort of routes.
  void write_calls() {
    for (size_t left = 1 + dice_.below(2); left > 0; --left) {
      std::string name = str_cat("g", std::to_string(routes_++));
      std::string rules;
      size_t count = 1 + dice_.below(4);
      for (size_t i = 0; i < count; ++i) {
        rules.append(str_cat(i == 0 ? "" : ", ", rules_.grpc_rule(str_cat("default/", name, "#", std::to_string(i)))));
      }
      resource("gateway.networking.k8s.io", "GRPCRoute", "default", name,
               str_cat("parentRefs: [{group: '', kind: Service, name: rpc}], rules: [", rules, "]"));
    }
  }

  void write_services() {
    ours("Service", "default", "rpc", "ports: [{port: 80, backendSet: set0}]");
    ours("Service", "default", "svc0", "ports: [{port: 80, backendSet: set0}, {port: 8080, backendSet: set1}]");
    ours("Service", "default", "svc1", "ports: [{port: 80, backendSet: set2}]");
    ours("Service", "default", "guarded", "ports: [{port: 80}]");
    ours("Service", "shop", "cart", "ports: [{port: 80}, {port: 8080}]");
  }

  void write_filters(std::string_view ns) {
    ours("HTTPRouteFilter", ns, "teapot", "directResponse: {status: 418, body: short and stout}");
    ours("HTTPRouteFilter", ns, "fine", "directResponse: {status: 200}");
    ours("HTTPRouteFilter", ns, "always", "fault: {abort: {status: 503}}");
    ours("HTTPRouteFilter", ns, "half",
         "fault: {delay: {duration: 1ms, percent: 20}, abort: {status: 429, percent: 50}}");
    ours("HTTPRouteFilter", ns, "some",
         "fault: {abort: {status: 500, percent: 75}, headers: [{name: x-a, value: '1'}]}");
  }

  // Routes of the service's own namespace, and sometimes one of the clients' namespace in their place.
  void write_routes(std::string_view service) {
    if (dice_.hits(15)) return;
    std::string own = namespace_of(service);
    for (size_t left = 1 + dice_.below(3); left > 0; --left) write_route(service, own);
    if (own != "default" && dice_.hits(50)) write_route(service, "default");
  }

  void write_route(std::string_view service, std::string_view ns) {
    std::string name = str_cat("r", std::to_string(routes_++));
    std::string port =
        dice_.hits(40)
            ? str_cat(", port: ", dice_.hits(60) || service == "svc1" || service == "guarded" ? "80" : "8080")
            : "";
    std::string rules;
    size_t count = 1 + dice_.below(4);
    for (size_t i = 0; i < count; ++i) {
      rules.append(str_cat(i == 0 ? "" : ", ", rules_.http_rule(str_cat(ns, "/", name, "#", std::to_string(i)))));
    }
    resource("gateway.networking.k8s.io", "HTTPRoute", ns, name,
             str_cat("parentRefs: [{group: '', kind: Service, name: ", service, ", namespace: ", namespace_of(service),
                     port, "}], rules: [", rules, "]"));
  }

  void write_policies() {
    constexpr std::string_view kDenied[] = {
        "to: [{paths: [{type: PathPrefix, value: /admin}]}]", "to: [{methods: [PUT, POST]}]",
        "to: [{headers: [{name: x-a, value: '2'}]}]", "from: [{namespaces: [shop]}]",
        "from: [{identities: ['spiffe://cluster.local/ns/default/sa/client']}], to: [{paths: [{type: Exact, value: "
        "/b}]}]"};
    constexpr std::string_view kAllowed[] = {
        "to: [{methods: [GET]}]", "from: [{namespaces: [default]}], to: [{paths: [{type: PathPrefix, value: /a}]}]",
        "from: [{identities: ['spiffe://cluster.local/ns/default/sa/*']}]"};
    if (dice_.hits(50)) policy("closed", "deny", dice_.one_of(kDenied));
    if (dice_.hits(30)) policy("open", "allow", dice_.one_of(kAllowed));
  }
  void policy(std::string_view name, std::string_view action, std::string_view rule) {
    ours("AuthorizationPolicy", "default", name, str_cat("action: ", action, ", rules: [{", rule, "}]"));
  }

  Dice dice_;
  const GeneratedPlaces& places_;
  GeneratedMesh out_;
  GeneratedRules rules_{dice_, out_.marked};
  size_t routes_ = 0;
};
}  // namespace

GeneratedMesh generate_mesh(uint64_t seed, const GeneratedPlaces& places, size_t requests) {
  return MeshWriter(seed, places).write(requests);
}

}  // namespace heddle
