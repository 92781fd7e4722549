#include "lib/policy/authz.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
SpiffeId id(std::string_view text) { return *SpiffeId::parse(text); }
const SpiffeId kWeb = id("spiffe://td/ns/default/sa/web");
const SpiffeId kShop = id("spiffe://td/ns/shop/sa/cart");
const SpiffeId kStranger = id("spiffe://other/ns/default/sa/web");
const SpiffeId kOwn = id("spiffe://td/ns/default/sa/app");
const SpiffeId kOddPath = id("spiffe://td/batch/7");

std::string policy(std::string_view name, std::string_view spec, std::string_view ns = "default") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: ", name, ", namespace: ", ns,
                 "}, spec: {", spec, "}}\n---\n");
}
std::string workload(std::string_view name, std::string_view services, std::string_view identity = kOwn.text()) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: ", name, "}, spec: {identity: '",
                 identity, "', services: [", services, "]}}\n---\n");
}

std::shared_ptr<const AuthzSet> set_of(std::string_view yaml) {
  Model model = model_of(yaml);
  return select_authz(model, authz_subject(model.workloads, kOwn));
}

bool is_foreign(const SpiffeId* peer) { return peer != nullptr && peer->trust_domain_name() != "td"; }

// A caller and what it asks for; `path` empty: opaque TCP.
struct Ask {
  const SpiffeId* peer = &kWeb;
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers{};
  uint16_t port = 8080;
};

class Verdicts {
 public:
  explicit Verdicts(std::string_view yaml) : set_(set_of(yaml)) {}
  // "pass", "allow default/p 0", "deny default/p none", "deny default/p default" ...
  std::string of(const Ask& ask) {
    if (set_ == nullptr) return "unprotected";
    RequestHead head = head_of(ask);
    AuthzVerdict verdict =
        authorize(*set_, {ask.peer, is_foreign(ask.peer), ask.port, ask.path.empty() ? nullptr : &head});
    std::string_view word = verdict.allowed ? "allow" : "deny";
    if (verdict.policy == nullptr) return verdict.allowed ? "pass" : str_cat("deny ", to_text(verdict.cause));
    const ResourceKey& key = (*verdict.policy)->key;
    std::string rule =
        verdict.cause == AuthzCause::kRule ? std::to_string(verdict.rule) : std::string(to_text(verdict.cause));
    return str_cat(word, " ", key.ns, "/", key.name, " ", rule);
  }
  bool allows(const Ask& ask) {
    std::string said = of(ask);
    return !said.starts_with("deny");
  }

 private:
  RequestHead head_of(const Ask& ask) {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method(ask.method) && head.set_path(ask.path));
    for (const auto& [name, value] : ask.headers) EXPECT_TRUE(head.fields().add(name, value));
    return head;
  }
  BlockPool pool_;
  std::shared_ptr<const AuthzSet> set_;
};

TEST(Authz, WithoutPolicyNothingIsAsked) {
  EXPECT_EQ(set_of(workload("w", "")), nullptr);
  EXPECT_EQ(set_of(policy("p", "action: allow", "shop")), nullptr);
}

TEST(Authz, AnAllowPolicyWithoutRulesDeniesAll) {
  EXPECT_EQ(Verdicts(policy("p", "action: allow")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: []")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{from: []}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{to: []}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{from: [{identities: []}]}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{from: [{namespaces: []}]}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{to: [{methods: []}]}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{to: [{paths: []}]}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{to: [{ports: []}]}]")).of({}), "deny default/p none");
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{to: [{headers: []}]}]")).of({}), "deny default/p none");
}

TEST(Authz, TheEmptyRuleMatchesEverything) {
  EXPECT_EQ(Verdicts(policy("p", "action: allow, rules: [{}]")).of({.peer = nullptr}), "allow default/p 0");
  EXPECT_EQ(Verdicts(policy("p", "action: deny, rules: [{}]")).of({.path = ""}), "deny default/p 0");
}

TEST(Authz, DenyWinsOverAllow) {
  Verdicts verdicts(policy("a", "action: allow, rules: [{}]") +
                    policy("z", "action: deny, rules: [{to: [{methods: [POST]}]}, {to: [{methods: [PUT]}]}]"));

  EXPECT_EQ(verdicts.of({}), "allow default/a 0");
  EXPECT_EQ(verdicts.of({.method = "PUT"}), "deny default/z 1");
}

TEST(Authz, WhatNoneOfSeveralAllowPoliciesMatchesIsDenied) {
  Verdicts verdicts(policy("a", "action: allow, rules: [{to: [{methods: [GET]}]}]") +
                    policy("b", "action: allow, rules: [{to: [{methods: [PUT]}]}]"));

  EXPECT_EQ(verdicts.of({}), "allow default/a 0");
  EXPECT_EQ(verdicts.of({.method = "PUT"}), "allow default/b 0");
  EXPECT_EQ(verdicts.of({.method = "POST"}), "deny default/a none");
}

TEST(Authz, ADenyPolicyAloneLetsTheRestPass) {
  EXPECT_EQ(Verdicts(policy("p", "action: deny, rules: [{to: [{methods: [POST]}]}]")).of({}), "pass");
}

TEST(Authz, AuditDecidesNothing) {
  EXPECT_EQ(Verdicts(policy("p", "action: audit, rules: [{}]")).of({}), "pass");
  auto set = set_of(policy("p", "action: audit, rules: [{to: [{ports: [1]}]}, {}]"));
  EXPECT_EQ(find_rule(*set->audit()[0], {nullptr, false, 8080, nullptr}), 1U);
}

TEST(Authz, TheDefaultAppliesWhereNoAllowPolicyIs) {
  std::string mesh_only = policy("d", "defaultAction: mesh-only");

  EXPECT_EQ(Verdicts(policy("d", "defaultAction: allow-all")).of({.peer = nullptr}), "allow default/d default");
  EXPECT_EQ(Verdicts(policy("d", "defaultAction: deny-all")).of({}), "deny default/d default");
  EXPECT_EQ(Verdicts(mesh_only).of({}), "allow default/d default");
  EXPECT_EQ(Verdicts(mesh_only).of({.peer = nullptr}), "deny default/d default");
  EXPECT_EQ(Verdicts(policy("d", "defaultAction: deny-all") + policy("p", "action: allow, rules: [{}]")).of({}),
            "allow default/p 0");
  EXPECT_EQ(Verdicts(policy("d", "defaultAction: allow-all") + policy("p", "action: allow")).of({}),
            "deny default/p none");
}

TEST(Authz, TheNamespacesDefaultReplacesTheMeshs) {
  std::string mesh = policy("m", "defaultAction: deny-all", "heddle-system");

  EXPECT_EQ(Verdicts(mesh).of({}), "deny heddle-system/m default");
  EXPECT_EQ(Verdicts(mesh + policy("d", "defaultAction: allow-all")).of({}), "allow default/d default");
}

// Only the default of that namespace is the mesh's.
TEST(Authz, RulesOfTheMeshsNamespaceProtectThatNamespaceOnly) {
  EXPECT_EQ(set_of(policy("m", "action: deny, rules: [{}]", "heddle-system")), nullptr);
}

TEST(Authz, JudgesWhoCalls) {
  auto allows = [](std::string_view source, const SpiffeId* peer) {
    return Verdicts(policy("p", str_cat("action: allow, rules: [{from: [{", source, "}]}]"))).allows({.peer = peer});
  };
  std::string_view exact = "identities: ['spiffe://td/ns/default/sa/web']";
  std::string_view prefix = "identities: ['spiffe://td/ns/default/*']";
  std::string_view domain = "identities: ['spiffe://td/*']";

  EXPECT_TRUE(allows(exact, &kWeb));
  EXPECT_FALSE(allows(exact, &kOwn));
  EXPECT_FALSE(allows(exact, &kStranger));
  EXPECT_TRUE(allows(prefix, &kOwn));
  EXPECT_FALSE(allows(prefix, &kShop));
  EXPECT_TRUE(allows(domain, &kShop));
  EXPECT_FALSE(allows(domain, &kStranger));
  EXPECT_TRUE(allows("authenticated: true", &kOddPath));
  EXPECT_FALSE(allows("authenticated: true", &kStranger));
  EXPECT_FALSE(allows("authenticated: true", nullptr));
  EXPECT_FALSE(allows(domain, nullptr));
  EXPECT_TRUE(allows("namespaces: [default, x]", &kWeb));
  EXPECT_FALSE(allows("namespaces: [default]", &kShop));
  EXPECT_FALSE(allows("namespaces: [default]", &kStranger));
  EXPECT_FALSE(allows("namespaces: [default]", &kOddPath));
  EXPECT_FALSE(allows("namespaces: [default]", nullptr));
  EXPECT_FALSE(allows("namespaces: [shop], identities: ['spiffe://td/ns/default/*']", &kWeb));
}

TEST(Authz, OneOfSeveralCallersIsEnough) {
  Verdicts verdicts(policy(
      "p", "action: allow, rules: [{from: [{namespaces: [shop]}, {identities: ['spiffe://td/ns/default/sa/web']}]}]"));

  EXPECT_TRUE(verdicts.allows({.peer = &kShop}));
  EXPECT_TRUE(verdicts.allows({.peer = &kWeb}));
  EXPECT_FALSE(verdicts.allows({.peer = &kOwn}));
}

TEST(Authz, EveryPartOfAnOperationMustFit) {
  Verdicts verdicts(policy("p",
                           "action: allow, rules: [{to: [{methods: [GET, PUT], ports: [8080], paths: [{type: Exact, "
                           "value: /a}], headers: [{name: X-Team, value: red}, {name: x-any}]}]}]"));
  std::vector<std::pair<std::string, std::string>> both = {{"x-team", "red"}, {"x-any", ""}};

  EXPECT_TRUE(verdicts.allows({.path = "/a", .headers = both}));
  EXPECT_TRUE(verdicts.allows({.method = "PUT", .path = "/a?q=/b", .headers = both}));
  EXPECT_FALSE(verdicts.allows({.method = "POST", .path = "/a", .headers = both}));
  EXPECT_FALSE(verdicts.allows({.path = "/b", .headers = both}));
  EXPECT_FALSE(verdicts.allows({.path = "/a", .headers = both, .port = 8081}));
  EXPECT_FALSE(verdicts.allows({.path = "/a", .headers = {{"x-team", "red"}}}));
  EXPECT_FALSE(verdicts.allows({.path = "/a", .headers = {{"x-team", "blue"}, {"x-any", "1"}}}));
}

TEST(Authz, WhatIsNotKnownNeverHelpsTheCaller) {
  auto allow = [](std::string_view to) {
    return Verdicts(policy("p", str_cat("action: allow, rules: [{to: [{", to, "}]}]")));
  };
  auto deny = [](std::string_view to) {
    return Verdicts(policy("p", str_cat("action: deny, rules: [{to: [{", to, "}]}]")));
  };
  std::string_view path = "paths: [{type: PathPrefix, value: /admin}]";
  std::string_view header = "headers: [{name: x-role, value: guest}]";
  Ask slashes{.path = "//admin/x"};
  Ask twice{.headers = {{"x-role", "guest"}, {"x-role", "root"}}};
  Ask lower{.method = "get"};

  EXPECT_FALSE(allow(path).allows(slashes));
  EXPECT_FALSE(deny(path).allows(slashes));
  EXPECT_FALSE(allow(header).allows(twice));
  EXPECT_FALSE(deny(header).allows(twice));
  EXPECT_FALSE(allow("methods: [GET]").allows(lower));
  EXPECT_FALSE(deny("methods: [GET]").allows(lower));
  EXPECT_FALSE(allow("ports: [80]").allows({.port = 0}));
  EXPECT_FALSE(deny("ports: [80]").allows({.port = 0}));
}

TEST(Authz, OpaqueTcpMatchesCallersAndPortsOnly) {
  Ask tcp{.path = ""};
  auto verdict = [&](std::string_view action, std::string_view rule) {
    return Verdicts(policy("p", str_cat("action: ", action, ", rules: [{", rule, "}]"))).allows(tcp);
  };

  EXPECT_TRUE(verdict("allow", "from: [{namespaces: [default]}], to: [{ports: [8080]}]"));
  EXPECT_FALSE(verdict("allow", "to: [{ports: [8080], methods: [GET]}]"));
  EXPECT_FALSE(verdict("allow", "to: [{paths: [{type: PathPrefix, value: /}]}]"));
  EXPECT_TRUE(verdict("allow", "to: [{methods: [GET]}, {ports: [8080]}]"));
  EXPECT_FALSE(verdict("deny", "to: [{methods: [GET]}]"));
  EXPECT_FALSE(verdict("deny", "to: [{headers: [{name: x}]}]"));
  EXPECT_TRUE(verdict("deny", "to: [{methods: [GET], ports: [9]}]"));
  EXPECT_TRUE(verdict("deny", "from: [{namespaces: [shop]}], to: [{methods: [GET]}]"));
}

TEST(Authz, SelectsTheWorkloadsOfATarget) {
  std::string own = workload("w", "a, b") + workload("x", "c", "spiffe://td/ns/default/sa/other");
  auto selected = [&](std::string_view kind, std::string_view name) {
    return set_of(own + policy("p", str_cat("action: allow, targetRef: {kind: ", kind, ", name: ", name, "}"))) !=
           nullptr;
  };

  EXPECT_TRUE(selected("Service", "b"));
  EXPECT_FALSE(selected("Service", "c"));
  EXPECT_TRUE(selected("Workload", "w"));
  EXPECT_FALSE(selected("Workload", "x"));
  EXPECT_FALSE(selected("Workload", "a"));
}

TEST(Authz, TellsAWatcherWhyEachRuleDidNotMatch) {
  struct Watcher final : AuthzWatcher {
    void on_rule(const AuthorizationPolicySpec& p, uint32_t rule, RuleOutcome outcome) override {
      text.append(str_cat(p.key.name, " ", std::to_string(rule), ": ", to_text(outcome.why), "\n"));
    }
    std::string text;
  } watcher;
  auto set = set_of(policy("a",
                           "action: allow, rules: [{from: [{namespaces: [shop]}]}, {from: [{identities: "
                           "['spiffe://td/x']}]}, {to: [{ports: [1]}]}, {}]") +
                    policy("d", "action: deny, rules: [{from: [{namespaces: [shop]}]}]"));

  static_cast<void>(authorize(*set, {&kWeb, false, 8080, nullptr}, &watcher));

  EXPECT_EQ(watcher.text,
            "d 0: the caller's namespace is not among those\na 0: the caller's namespace is not among those\n"
            "a 1: the caller's identity is not among those\na 2: port differs\na 3: matches\n");
}

// kStranger is of another trust domain: a federated one, or it would not have been verified.
TEST(AuthzForeign, IsAdmittedOnlyByAnAllowRuleWhoseIdentitiesNameIt) {
  auto allow = [](std::string_view rule) {
    return Verdicts(policy("p", str_cat("action: allow, rules: [", rule, "]"))).of({.peer = &kStranger});
  };

  EXPECT_EQ(allow("{from: [{identities: ['spiffe://other/ns/default/sa/web']}]}"), "allow default/p 0");
  EXPECT_EQ(allow("{from: [{identities: ['spiffe://other/ns/default/*']}]}"), "allow default/p 0");
  EXPECT_EQ(allow("{from: [{identities: ['spiffe://other/*']}]}"), "allow default/p 0");
  EXPECT_EQ(allow("{from: [{authenticated: true, identities: ['spiffe://other/*']}]}"), "allow default/p 0");
  EXPECT_EQ(allow("{}"), "deny default/p none");
  EXPECT_EQ(allow("{from: [{authenticated: true}]}"), "deny default/p none");
  EXPECT_EQ(allow("{from: [{namespaces: [default]}]}"), "deny default/p none");
  EXPECT_EQ(allow("{from: [{identities: ['spiffe://other/*'], namespaces: [default]}]}"), "deny default/p none");
  EXPECT_EQ(allow("{from: [{identities: ['spiffe://td/*']}]}"), "deny default/p none");
  EXPECT_EQ(allow("{to: [{methods: [GET]}]}"), "deny default/p none");
}

TEST(AuthzForeign, NoDefaultIsMeantForIt) {
  auto by_default = [](std::string_view action) {
    return Verdicts(policy("d", str_cat("defaultAction: ", action))).of({.peer = &kStranger});
  };

  EXPECT_EQ(by_default("allow-all"), "deny default/d foreign");
  EXPECT_EQ(by_default("mesh-only"), "deny default/d foreign");
  EXPECT_EQ(by_default("deny-all"), "deny default/d default");
  EXPECT_EQ(Verdicts(policy("p", "action: audit, rules: [{}]")).of({.peer = &kStranger}), "deny foreign");
}

TEST(AuthzForeign, DenyAndAuditRulesCountAsForAll) {
  std::string let_in = policy("a", "action: allow, rules: [{from: [{identities: ['spiffe://other/*']}]}]");
  auto with_deny = [&](std::string_view rule) {
    return Verdicts(let_in + policy("d", str_cat("action: deny, rules: [", rule, "]"))).of({.peer = &kStranger});
  };

  EXPECT_EQ(with_deny("{}"), "deny default/d 0");
  EXPECT_EQ(with_deny("{from: [{authenticated: true}]}"), "deny default/d 0");
  EXPECT_EQ(with_deny("{from: [{namespaces: [default]}]}"), "allow default/a 0");
  auto audit = set_of(policy("p", "action: audit, rules: [{from: [{authenticated: true}]}]"));
  EXPECT_EQ(find_rule(*audit->audit()[0], {&kStranger, true, 8080, nullptr}), 0U);
}

TEST(AuthzForeign, WhereNothingProtectsOnlyForeignCallersAreDenied) {
  EXPECT_TRUE(authorize_unprotected({&kWeb, false, 8080, nullptr}).allowed);
  EXPECT_TRUE(authorize_unprotected({nullptr, false, 8080, nullptr}).allowed);
  EXPECT_FALSE(authorize_unprotected({&kStranger, true, 8080, nullptr}).allowed);
  EXPECT_EQ(authorize_unprotected({&kStranger, true, 8080, nullptr}).cause, AuthzCause::kForeign);
}

TEST(AuthzForeign, ARuleThatDoesNotNameItSaysSo) {
  AuthzRule everybody;

  RuleOutcome outcome = judge_rule(AuthzAction::kAllow, everybody, {&kStranger, true, 8080, nullptr});

  EXPECT_EQ(outcome.match, AuthzMatch::kNo);
  EXPECT_EQ(to_text(outcome.why), "the caller is of another trust domain, which only identities name");
}
}  // namespace
}  // namespace heddle
