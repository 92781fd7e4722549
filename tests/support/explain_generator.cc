#include "tests/support/explain_generator.h"

#include "lib/base/strings.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr std::string_view kServices[] = {"svc0", "svc1", "guarded", "cart"};
constexpr std::string_view kSets[] = {"set0", "set1", "set2", "set3", "guarded", "empty", "idle"};

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  bool hits(uint64_t percent) { return random_.below(100) < percent; }
  size_t below(size_t n) { return static_cast<size_t>(random_.below(n)); }
  template <size_t N>
  std::string_view one_of(const std::string_view (&list)[N]) {
    return list[below(N)];
  }
  uint64_t draw() { return random_.next(); }

 private:
  SeededRandom random_;
};

std::string namespace_of(std::string_view service) { return service == "cart" ? "shop" : "default"; }

std::string plain_path(Dice& dice) {
  constexpr std::string_view kSegments[] = {"/a", "/b", "/c", "/admin"};
  std::string out;
  for (size_t left = dice.below(4); left > 0; --left) out.append(dice.one_of(kSegments));
  return out.empty() ? "/" : out;
}

std::string request_path(Dice& dice) {
  constexpr std::string_view kOdd[] = {"//a", "/a/", "/%61/b", "/a//b", "/A"};
  constexpr std::string_view kQueries[] = {"", "", "?q=1", "?q=2&r=x", "?r=y", "?q=1&q=2"};
  return str_cat(dice.hits(8) ? std::string(dice.one_of(kOdd)) : plain_path(dice), dice.one_of(kQueries));
}

class MeshWriter {
 public:
  MeshWriter(uint64_t seed, const GeneratedPlaces& places) : dice_(seed), places_(places) {}

  GeneratedMesh write(size_t requests) {
    write_sets();
    write_services();
    for (std::string_view ns : {"default", "shop"}) write_filters(ns);
    for (std::string_view service : kServices) write_routes(service);
    write_policies();
    for (size_t i = 0; i < requests; ++i) out_.requests.push_back(request());
    return std::move(out_);
  }

 private:
  void resource(std::string_view group, std::string_view kind, std::string_view ns, std::string_view name,
                std::string_view spec) {
    out_.yaml.append(str_cat("{apiVersion: ", group, "/v1, kind: ", kind, ", metadata: {name: ", name,
                             ", namespace: ", ns, "}, spec: {", spec, "}}\n---\n"));
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
    for (size_t i = 0; i < places_.origins.size(); ++i) plain_set("default", kSets[i], places_.origins[i]);
    plain_set("shop", "cart", places_.origins[3]);
    plain_set("default", "idle", places_.origins[0], 0);
    ours("BackendSet", "default", "empty", "endpoints: []");
    ours("BackendSet", "default", "guarded",
         str_cat("endpoints: [{address: 127.0.0.1, port: ", std::to_string(places_.guarded.port()), ", identity: '",
                 places_.identity, "'}]"));
  }

  void write_services() {
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
      rules.append(str_cat(i == 0 ? "" : ", ", rule(str_cat(ns, "/", name, "#", std::to_string(i)))));
    }
    resource("gateway.networking.k8s.io", "HTTPRoute", ns, name,
             str_cat("parentRefs: [{group: '', kind: Service, name: ", service, ", namespace: ", namespace_of(service),
                     port, "}], rules: [", rules, "]"));
  }

  std::string match(bool is_prefix) {
    constexpr std::string_view kRegexes[] = {"/[ab]/.*", "/a(/.*)?", ".*admin", "/.+/c", "/[a-z]+"};
    constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "OPTIONS"};
    constexpr std::string_view kHeaders[] = {"{name: x-a, value: '1'}", "{name: X-B, value: 'on'}",
                                             "{type: RegularExpression, name: x-a, value: '[12]'}"};
    constexpr std::string_view kQueries[] = {"{name: q, value: '1'}", "{name: r, value: x}",
                                             "{type: RegularExpression, name: q, value: '.'}"};
    size_t kind = is_prefix ? 0 : dice_.below(10);
    std::string type = kind < 6 ? "PathPrefix" : kind < 8 ? "Exact" : "RegularExpression";
    std::string value = kind < 8 ? plain_path(dice_) : std::string(dice_.one_of(kRegexes));
    std::string out = str_cat("path: {type: ", type, ", value: '", value, "'}");
    if (dice_.hits(25)) out.append(str_cat(", method: ", dice_.one_of(kMethods)));
    if (dice_.hits(20)) out.append(str_cat(", headers: [", dice_.one_of(kHeaders), "]"));
    if (dice_.hits(15)) out.append(str_cat(", queryParams: [", dice_.one_of(kQueries), "]"));
    return str_cat("{", out, "}");
  }

  std::string backends() {
    std::string out;
    bool used[std::size(kSets)] = {};
    for (size_t left = 1 + dice_.below(3); left > 0; --left) {
      size_t which = dice_.below(std::size(kSets));
      if (which > 3 && dice_.hits(30)) which = dice_.below(4);
      if (std::exchange(used[which], true)) continue;
      size_t weight = dice_.hits(10) ? 0 : 1 + dice_.below(5);
      std::string filters = dice_.hits(15)
                                ? ", filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, "
                                  "value: '2'}]}}]"
                                : "";
      out.append(str_cat(out.empty() ? "" : ", ", "{group: heddle.dev, kind: BackendSet, name: ", kSets[which],
                         ", namespace: default, weight: ", std::to_string(weight), filters, "}"));
    }
    if (dice_.hits(10)) out.append(", {name: svc1, namespace: default, port: 80, weight: 2}");
    return str_cat("backendRefs: [", out, "]");
  }

  std::string rule(const std::string& mark) {
    size_t kind = dice_.below(100);
    std::string marker = str_cat("{set: [{name: x-rule, value: '", mark, "'}]}");
    std::string in_answer = str_cat("{type: ResponseHeaderModifier, responseHeaderModifier: ", marker, "}");
    if (kind < 16) out_.marked.insert(mark);
    if (kind < 8) return redirect(in_answer);
    if (kind < 16) {
      std::string name = dice_.hits(70) ? "teapot" : "fine";
      return str_cat("{matches: [", match(false), "], filters: [", in_answer, ", ", extension(name), "]}");
    }
    bool rewrites = dice_.hits(20);
    std::string matches = match(rewrites);
    if (!rewrites && dice_.hits(30)) matches.append(str_cat(", ", match(false)));
    return str_cat("{matches: [", matches, "]", forwarding_filters(mark, marker, rewrites), limits(), ", ", backends(),
                   "}");
  }

  std::string redirect(const std::string& in_answer) {
    constexpr std::string_view kRedirects[] = {"statusCode: 301", "hostname: other.example, statusCode: 302",
                                               "scheme: https, port: 8443",
                                               "path: {type: ReplaceFullPath, replaceFullPath: /new}, statusCode: 307",
                                               "path: {type: ReplacePrefixMatch, replacePrefixMatch: /moved}"};
    return str_cat("{matches: [", match(true), "], filters: [", in_answer, ", {type: RequestRedirect, ",
                   "requestRedirect: {", dice_.one_of(kRedirects), "}}]}");
  }

  static std::string extension(std::string_view name) {
    return str_cat("{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: ", name, "}}");
  }

  std::string forwarding_filters(const std::string& mark, const std::string& marker, bool rewrites) {
    constexpr std::string_view kRewrites[] = {
        "hostname: rewritten.example", "path: {type: ReplaceFullPath, replaceFullPath: /full}",
        "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}",
        "hostname: both.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /admin}"};
    constexpr std::string_view kFaults[] = {"always", "half", "some"};
    std::vector<std::string> out;
    if (dice_.hits(50)) {
      out.push_back(str_cat("{type: RequestHeaderModifier, requestHeaderModifier: ", marker, "}"));
      out_.marked.insert(mark);
    }
    if (rewrites) out.push_back(str_cat("{type: URLRewrite, urlRewrite: {", dice_.one_of(kRewrites), "}}"));
    if (dice_.hits(20)) out.push_back(extension(dice_.one_of(kFaults)));
    if (dice_.hits(25)) out.push_back("{type: CORS, cors: {allowOrigins: ['https://b.example'], allowMethods: [GET]}}");
    return out.empty() ? "" : str_cat(", filters: [", join(out, ", "), "]");
  }

  std::string limits() {
    std::string out;
    if (dice_.hits(15)) out.append(", timeouts: {request: 30s}");
    if (dice_.hits(15)) out.append(", retry: {attempts: 2, codes: [502, 504], backoff: 10ms}");
    return out;
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

  ExplainWords request() {
    constexpr std::string_view kHosts[] = {
        "svc0",           "svc0",       "svc0.default", "svc0:8080", "svc1", "svc1",   "cart.shop", "cart.shop:80",
        "cart.shop:8080", "guarded:80", "guarded",      "guarded",   "SVC1", "nobody", "svc0:81",   "cart"};
    constexpr std::string_view kMethods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"};
    ExplainWords out;
    out.method = dice_.one_of(kMethods);
    // with two ports the one is to be said
    out.url = str_cat("http://", dice_.one_of(kHosts), request_path(dice_));
    out.from = "spiffe://cluster.local/ns/default/sa/client";
    if (dice_.hits(40)) out.headers.emplace_back("x-a", dice_.hits(50) ? "1" : "2");
    if (dice_.hits(30)) out.headers.emplace_back("x-b", dice_.hits(70) ? "on" : "off");
    bool asks_first = out.method == "OPTIONS" && dice_.hits(60);
    if (asks_first || dice_.hits(20)) {
      out.headers.emplace_back("origin", dice_.hits(50) ? "https://b.example" : "https://c.example");
    }
    if (asks_first) out.headers.emplace_back("access-control-request-method", "GET");
    out.draw = dice_.draw();
    return out;
  }

  Dice dice_;
  const GeneratedPlaces& places_;
  GeneratedMesh out_;
  size_t routes_ = 0;
};
}  // namespace

GeneratedMesh generate_mesh(uint64_t seed, const GeneratedPlaces& places, size_t requests) {
  return MeshWriter(seed, places).write(requests);
}

std::string origin_of_set(std::string_view backend_set) {
  if (backend_set == "default/guarded") return "app";
  if (backend_set == "shop/cart") return "o3";
  constexpr std::string_view kPlain = "default/set";
  if (backend_set.starts_with(kPlain)) return str_cat("o", backend_set.substr(kPlain.size()));
  return {};
}
}  // namespace heddle
