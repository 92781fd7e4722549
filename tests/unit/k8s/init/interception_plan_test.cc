#include "k8s/init/interception_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
std::vector<std::string> names(const InterceptionPlan& plan) {
  std::vector<std::string> out;
  for (const InterceptionRule& rule : rules_of(plan)) out.push_back(rule.name);
  return out;
}

std::string target(const InterceptionPlan& plan, IpVersion version) {
  auto found = probe_target(plan, version);
  return found ? found->text() : "none";
}

TEST(InterceptionRules, RedirectEverythingButTheSidecarAndWhatStaysInThePod) {
  EXPECT_THAT(names({}),
              testing::ElementsAre("heddle/in/loopback", "heddle/in/proxy-ports", "heddle/in/redirect-15006",
                                   "heddle/out/proxy-user", "heddle/out/loopback", "heddle/out/redirect-15001"));
}

TEST(InterceptionRules, JudgeExceptionsBeforeTheRedirect) {
  InterceptionPlan plan;
  plan.proxy_gid = 2102;
  plan.skip_inbound_ports = plan.skip_outbound_ports = {{22, 22}};
  plan.skip_inbound_cidrs = plan.skip_outbound_cidrs = *parse_ip_blocks("", "10.0.0.0/8");
  plan.skip_uids = {{3000, 3005}};
  plan.skip_interfaces = {"eth1"};
  plan.ipv6 = false;
  EXPECT_THAT(names(plan),
              testing::ElementsAre("heddle/in/loopback", "heddle/in/ipv6-off", "heddle/in/skip-interfaces",
                                   "heddle/in/proxy-ports", "heddle/in/skip-ports", "heddle/in/skip-cidrs",
                                   "heddle/in/redirect-15006", "heddle/out/proxy-user", "heddle/out/proxy-group",
                                   "heddle/out/skip-uids", "heddle/out/loopback", "heddle/out/ipv6-off",
                                   "heddle/out/skip-interfaces", "heddle/out/skip-ports", "heddle/out/skip-cidrs",
                                   "heddle/out/redirect-15001"));
}

TEST(InterceptionRules, LeaveTheSidecarsOwnPortsOpenWhateverTheyAre) {
  InterceptionPlan plan;
  plan.inbound_port = 25006;
  plan.outbound_port = 15021;
  EXPECT_EQ(own_ports(plan), (NumberRanges{{15000, 15000}, {15020, 15021}, {25006, 25006}}));
}

// A connection to port 15006 of another pod is a connection as any other: an exception would be a way around the
// sidecar.
TEST(InterceptionRules, MakeNoExceptionForTheSidecarsPortsElsewhere) {
  for (const InterceptionRule& rule : rules_of({})) {
    if (rule.chain == InterceptionRule::Chain::kOutbound) {
      EXPECT_TRUE(rule.ports.empty()) << rule.name;
    }
  }
}

TEST(ProbeTarget, IsAnAddressThatNobodyHas) {
  EXPECT_EQ(target({}, IpVersion::kV4), "192.0.2.1:20001");
  EXPECT_EQ(target({}, IpVersion::kV6), "[2001:db8::1]:20001");
}

TEST(ProbeTarget, IsOneThatThePlanRedirects) {
  InterceptionPlan plan;
  plan.skip_outbound_ports = {{20000, 20010}};
  plan.skip_outbound_cidrs = *parse_ip_blocks("", "192.0.2.0/24,2001:db8::/48");
  EXPECT_EQ(target(plan, IpVersion::kV4), "198.51.100.1:20011");
  EXPECT_EQ(target(plan, IpVersion::kV6), "[2001:db8:ffff::1]:20011");
  plan.only_outbound_ports = {{20005, 20005}, {443, 444}};
  EXPECT_EQ(target(plan, IpVersion::kV4), "198.51.100.1:443");
}

TEST(ProbeTarget, IsNoneWhereNothingIsRedirected) {
  InterceptionPlan plan;
  plan.skip_outbound_cidrs = *parse_ip_blocks("", "0.0.0.0/0");
  EXPECT_EQ(target(plan, IpVersion::kV4), "none");
  EXPECT_EQ(target(plan, IpVersion::kV6), "[2001:db8::1]:20001");
  plan.ipv6 = false;
  EXPECT_EQ(target(plan, IpVersion::kV6), "none");
  InterceptionPlan no_port;
  no_port.skip_outbound_ports = {{1, 65535}};
  EXPECT_EQ(target(no_port, IpVersion::kV4), "none");
}

TEST(CanProbeAs, RefusesWhoIsNotRedirected) {
  InterceptionPlan plan;
  plan.proxy_gid = 2103;
  plan.skip_uids = {{5, 7}};
  EXPECT_TRUE(can_probe_as(plan, 0, 0));
  EXPECT_TRUE(can_probe_as(plan, 65534, 2102));
  EXPECT_NE(can_probe_as(plan, 2102, 0).error().detail.find("--proxy-uid"), std::string::npos);
  EXPECT_NE(can_probe_as(plan, 0, 2103).error().detail.find("--proxy-gid"), std::string::npos);
  EXPECT_NE(can_probe_as(plan, 6, 0).error().detail.find("--skip-uids"), std::string::npos);
}
}  // namespace
}  // namespace heddle
