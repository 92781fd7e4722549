#include "proxy/app/inbound_authz.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
const SpiffeId kApp = *SpiffeId::parse("spiffe://td/ns/default/sa/app");
const SpiffeId kOther = *SpiffeId::parse("spiffe://td/ns/shop/sa/other");

std::string policy(std::string_view name, std::string_view spec, std::string_view ns = "default") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: ", name, ", namespace: ", ns,
                 "}, spec: {", spec, "}}\n---\n");
}

class InboundAuthzTest : public testing::Test {
 protected:
  ConnectionInfo caller(std::string_view id) {
    ConnectionInfo info;
    info.peer_certificate =
        std::make_shared<const PeerCertificate>(*PeerCertificate::from_x509(ca_.issue(id).chain.front().get()));
    info.is_foreign = info.peer_certificate->spiffe_id()->trust_domain_name() != "td";  // as the TLS layer says it
    return info;
  }
  Reason admit(const ConnectionInfo& info) {
    note_ = {};
    return authz_.admit(authz_.facts_of(info, 8080, nullptr), note_);
  }
  std::string text() {
    AuthzText room;
    return std::string(authz_reason_text(note_, room));
  }
  int64_t counted(std::string_view action, std::string_view name) {
    std::string line = str_cat("heddle_authz_total{action=\"", action, "\",policy=\"", name, "\"} ");
    std::string all = metrics_.render();
    size_t at = all.find(line);
    return at == std::string::npos ? -1 : std::atoll(all.c_str() + at + line.size());
  }
  TestCa ca_{"td"};
  Registry metrics_;
  InboundAuthz authz_{{metrics_, kApp, "default", AwaitConfig::kYes}};
  AuthzNote note_;
  ConnectionInfo web_ = caller("spiffe://td/ns/default/sa/web");
  ConnectionInfo stranger_;
};

TEST_F(InboundAuthzTest, BeforeTheFirstConfigurationNobodyComesIn) {
  EXPECT_EQ(admit(web_), Reason::kNoConfig);

  authz_.set_snapshot(snapshot_of(service_yaml("a")));

  EXPECT_EQ(admit(web_), Reason::kNone);
  EXPECT_EQ(admit(stranger_), Reason::kNone);
}

TEST_F(InboundAuthzTest, WithoutASourceThereIsNothingToWaitFor) {
  InboundAuthz alone({metrics_, kApp, "default", AwaitConfig::kNo});

  EXPECT_EQ(alone.admit(alone.facts_of(web_, 80, nullptr), note_), Reason::kNone);
}

TEST_F(InboundAuthzTest, NotesAndCountsADenial) {
  EXPECT_TRUE(authz_.set_snapshot(snapshot_of(policy("p", "action: deny, rules: [{to: [{ports: [1]}]}, {}]"))));

  EXPECT_EQ(admit(web_), Reason::kAuthzDenied);
  EXPECT_EQ(note_.kind, AuthzNote::Kind::kDenied);
  EXPECT_EQ(text(), "authz-denied; policy=default/p; rule=1; version=0");
  EXPECT_EQ(counted("deny", "default/p"), 1);
}

TEST_F(InboundAuthzTest, ExplainsWhatItWouldSayAndCountsNothing) {
  authz_.set_snapshot(snapshot_of(policy("p", "action: deny, rules: [{to: [{ports: [1]}]}, {}]")));
  Explanation found;

  EXPECT_EQ(authz_.explain(authz_.facts_of(web_, 8080, nullptr), found), Reason::kAuthzDenied);

  ASSERT_EQ(found.authorizations.size(), 1U);
  EXPECT_EQ(found.authorizations[0].identity, kApp.text());
  EXPECT_EQ(found.authorizations[0].policy, "default/p");
  EXPECT_EQ(found.authorizations[0].rule, "1");
  EXPECT_NE(found.trace.text().find("port differs"), std::string::npos) << found.trace.text();
  EXPECT_LE(counted("deny", "default/p"), 0);
}

TEST_F(InboundAuthzTest, ExplainsThatNobodyComesInBeforeTheFirstConfiguration) {
  Explanation found;

  EXPECT_EQ(authz_.explain(authz_.facts_of(web_, 8080, nullptr), found), Reason::kNoConfig);
}

TEST_F(InboundAuthzTest, OnlyCallersOfThePolicysNamespaceAreToldWhichOneDenied) {
  authz_.set_snapshot(snapshot_of(policy("p", "action: deny, rules: [{}]")));

  admit(web_);
  EXPECT_TRUE(note_.caller_may_read);
  admit(caller(kOther.text()));
  EXPECT_FALSE(note_.caller_may_read);
  admit(caller("spiffe://elsewhere/ns/default/sa/web"));
  EXPECT_FALSE(note_.caller_may_read);
  admit(stranger_);
  EXPECT_FALSE(note_.caller_may_read);
}

TEST_F(InboundAuthzTest, SaysWhenNoRuleDecided) {
  authz_.set_snapshot(snapshot_of(policy("p", "action: allow")));
  admit(web_);
  EXPECT_EQ(text(), "authz-denied; policy=default/p; rule=none; version=0");

  authz_.set_snapshot(snapshot_of(policy("q", "defaultAction: deny-all")));
  admit(web_);
  EXPECT_EQ(text(), "authz-denied; policy=default/q; rule=default; version=0");
}

TEST_F(InboundAuthzTest, EveryAuditPolicyCountsAndTheFirstIsNoted) {
  authz_.set_snapshot(snapshot_of(
      policy("a", "action: audit, rules: [{}]") + policy("b", "action: audit, rules: [{}]") +
      policy("c", "action: audit, rules: [{to: [{ports: [1]}]}]") + policy("p", "action: allow, rules: [{}]")));

  EXPECT_EQ(admit(web_), Reason::kNone);
  EXPECT_EQ(note_.kind, AuthzNote::Kind::kAudited);
  EXPECT_EQ(note_.policy->key.name, "a");
  EXPECT_EQ(counted("audit", "default/a"), 1);
  EXPECT_EQ(counted("audit", "default/b"), 1);
  EXPECT_EQ(counted("audit", "default/c"), 0);
  EXPECT_EQ(counted("allow", "default/p"), 1);
}

TEST_F(InboundAuthzTest, TellsWhetherOtherPoliciesApply) {
  std::string yaml = policy("p", "action: allow, rules: [{}]") + policy("q", "action: allow", "shop");
  EXPECT_FALSE(authz_.set_snapshot(snapshot_of(policy("q", "action: allow", "shop"))));
  EXPECT_TRUE(authz_.set_snapshot(snapshot_of(yaml)));
  EXPECT_FALSE(authz_.set_identity(kApp));
  EXPECT_TRUE(authz_.set_identity(kOther));
  EXPECT_TRUE(authz_.set_snapshot(snapshot_of(service_yaml("a"))));
}

// A snapshot in which other resources changed carries the policies over as they are.
TEST_F(InboundAuthzTest, TheSamePoliciesAreNoChange) {
  SnapshotBuilder builder(ModelScope::kWhole);
  ConfigChange change;
  change.kind = ConfigChange::Kind::kReplaceAll;
  change.puts = resources_of(policy("p", "action: allow, rules: [{}]"));
  EXPECT_TRUE(authz_.set_snapshot(builder.apply(change).snapshot));
  change.puts = resources_of(policy("p", "action: allow, rules: [{}]") + service_yaml("a"));

  EXPECT_FALSE(authz_.set_snapshot(builder.apply(change).snapshot));
}

TEST_F(InboundAuthzTest, TheNamespaceOfTheBootstrapCountsToo) {
  InboundAuthz authz({metrics_, kOther, "default", AwaitConfig::kYes});
  authz.set_snapshot(snapshot_of(policy("p", "action: deny, rules: [{}]")));

  EXPECT_EQ(authz.admit(authz.facts_of(web_, 80, nullptr), note_), Reason::kAuthzDenied);
}

TEST_F(InboundAuthzTest, StillAdmitsWithoutCounting) {
  authz_.set_snapshot(snapshot_of(policy("p", "action: allow, rules: [{from: [{namespaces: [default]}]}]")));

  EXPECT_TRUE(authz_.still_admits(authz_.facts_of(web_, 80, nullptr)));
  EXPECT_FALSE(authz_.still_admits(authz_.facts_of(stranger_, 80, nullptr)));
  EXPECT_EQ(counted("allow", "default/p"), 0);
}

TEST_F(InboundAuthzTest, ALongNameFitsIntoTheHeader) {
  std::string name(253, 'x');
  authz_.set_snapshot(snapshot_of(policy(name, "action: deny, rules: [{}]")));
  admit(web_);

  EXPECT_EQ(text(), str_cat("authz-denied; policy=default/", name, "; rule=0; version=0"));
}

TEST_F(InboundAuthzTest, AskingAllocatesNothing) {
  authz_.set_snapshot(snapshot_of(policy("d", "action: deny, rules: [{from: [{identities: ['spiffe://td/x/*']}]}]") +
                                  policy("a", "action: audit, rules: [{}]") +
                                  policy("p", "action: allow, rules: [{from: [{namespaces: [shop]}]}]")));
  BlockPool pool;
  RequestHead head(pool);
  ASSERT_TRUE(head.set_method("GET") && head.set_path("/a//b"));

  AllocationCounter counter;
  for (int i = 0; i < 100; ++i) {
    AuthzNote note;
    EXPECT_EQ(authz_.admit(authz_.facts_of(web_, 8080, &head), note), Reason::kAuthzDenied);
  }

  EXPECT_EQ(counter.count(), 0U);
}

TEST_F(InboundAuthzTest, AForeignCallerComesInByARuleOnly) {
  ConnectionInfo foreign = caller("spiffe://elsewhere/ns/default/sa/web");
  authz_.set_snapshot(snapshot_of(service_yaml("a")));
  PortAdmission admission(authz_, 8080);

  EXPECT_TRUE(authz_.is_open());
  EXPECT_EQ(admission.admit(nullptr, web_, note_), Reason::kNone);
  EXPECT_EQ(admission.admit(nullptr, foreign, note_), Reason::kAuthzDenied);
  EXPECT_FALSE(admission.still_admits(nullptr, foreign));
  EXPECT_EQ(text(), "authz-denied");
  EXPECT_EQ(note_.cause, AuthzCause::kForeign);
  EXPECT_EQ(counted("deny", "none"), 1);

  authz_.set_snapshot(
      snapshot_of(policy("p", "action: allow, rules: [{}, {from: [{identities: ['spiffe://elsewhere/*']}]}]")));

  EXPECT_EQ(admission.admit(nullptr, foreign, note_), Reason::kNone);
  EXPECT_TRUE(admission.still_admits(nullptr, foreign));
  EXPECT_EQ(counted("allow", "default/p"), 1);
}

TEST_F(InboundAuthzTest, ADefaultThatIsNotMeantForAForeignCallerIsNoted) {
  authz_.set_snapshot(snapshot_of(policy("d", "defaultAction: mesh-only")));

  EXPECT_EQ(admit(caller("spiffe://elsewhere/ns/default/sa/web")), Reason::kAuthzDenied);
  EXPECT_EQ(text(), "authz-denied; policy=default/d; rule=foreign; version=0");
  EXPECT_FALSE(note_.caller_may_read);
}

TEST_F(InboundAuthzTest, AForeignCallerWaitsForTheFirstConfigurationLikeEverybody) {
  EXPECT_EQ(admit(caller("spiffe://elsewhere/ns/default/sa/web")), Reason::kNoConfig);
}
}  // namespace
}  // namespace heddle
