#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/init/options.h"

namespace heddle {
namespace {
using testing::HasSubstr;

ParsedInitOptions parse(std::vector<const char*> words) {
  words.insert(words.begin(), "heddle-init");
  return parse_init_options(static_cast<int>(words.size()), words.data());
}

void expect_refused(std::vector<const char*> words, const char* option, const char* expected) {
  ParsedInitOptions parsed = parse(words);
  ASSERT_TRUE(parsed.text) << option;
  EXPECT_EQ(parsed.code, 2);
  EXPECT_THAT(*parsed.text, HasSubstr(option));
  EXPECT_THAT(*parsed.text, HasSubstr(expected));
}

TEST(InitOptions, NoneAreThePodsOfTheMesh) {
  ParsedInitOptions parsed = parse({});
  ASSERT_FALSE(parsed.text) << *parsed.text;
  EXPECT_EQ(parsed.options.plan.inbound_port, 15006);
  EXPECT_EQ(parsed.options.plan.outbound_port, 15001);
  EXPECT_EQ(parsed.options.plan.proxy_uid, 2102U);
  EXPECT_FALSE(parsed.options.plan.proxy_gid);
  EXPECT_EQ(parsed.options.action, InitAction::kInstall);
  EXPECT_EQ(parsed.options.mode, InitMode::kAuto);
  EXPECT_TRUE(parsed.options.check);
}

// The words that the injector writes.
TEST(InitOptions, OfAnInjectedPod) {
  ParsedInitOptions parsed = parse({"--inbound-port=15006", "--outbound-port=15001", "--proxy-uid=2102",
                                    "--skip-inbound-ports=22,9000-9010", "--skip-outbound-ports=", "--ipv6=off"});
  ASSERT_FALSE(parsed.text) << *parsed.text;
  EXPECT_EQ(parsed.options.plan.skip_inbound_ports, (NumberRanges{{22, 22}, {9000, 9010}}));
  EXPECT_TRUE(parsed.options.plan.skip_outbound_ports.empty());
  EXPECT_EQ(parsed.options.ipv6, Ipv6Mode::kOff);
}

TEST(InitOptions, AllOfThem) {
  ParsedInitOptions parsed =
      parse({"--proxy-gid", "7", "--only-inbound-ports", "80", "--only-outbound-ports", "443", "--skip-inbound-cidrs",
             "10.0.0.0/8", "--skip-outbound-cidrs", "fd00::/8,10.0.0.0/8", "--skip-uids", "0,5-9", "--skip-interfaces",
             "eth1, net1,eth1", "--ipv6", "off", "--mode", "iptables-legacy", "--no-check"});
  ASSERT_FALSE(parsed.text) << *parsed.text;
  const InterceptionPlan& plan = parsed.options.plan;
  EXPECT_EQ(plan.proxy_gid, 7U);
  EXPECT_EQ(plan.only_inbound_ports, (NumberRanges{{80, 80}}));
  EXPECT_EQ(plan.only_outbound_ports, (NumberRanges{{443, 443}}));
  EXPECT_EQ(plan.skip_inbound_cidrs.size(), 1U);
  EXPECT_EQ(plan.skip_outbound_cidrs.size(), 2U);
  EXPECT_EQ(plan.skip_uids, (NumberRanges{{0, 0}, {5, 9}}));
  EXPECT_THAT(plan.skip_interfaces, testing::ElementsAre("eth1", "net1"));
  EXPECT_EQ(parsed.options.ipv6, Ipv6Mode::kOff);
  EXPECT_EQ(parsed.options.mode, InitMode::kIptablesLegacy);
  EXPECT_FALSE(parsed.options.check);
}

TEST(InitOptions, SayWhatToDo) {
  EXPECT_EQ(parse({"--remove"}).options.action, InitAction::kRemove);
  EXPECT_EQ(parse({"--print"}).options.action, InitAction::kPrint);
  EXPECT_EQ(parse({"--check"}).options.action, InitAction::kCheck);
}

TEST(InitOptions, AreRefusedByNameWithWhatWasExpected) {
  expect_refused({"--inbound-port", "0"}, "--inbound-port", "a number from 1 to 65535");
  expect_refused({"--inbound-port", "80-90"}, "--inbound-port", "expected one number");
  expect_refused({"--inbound-port", "80,80"}, "--inbound-port", "expected one number");
  expect_refused({"--outbound-port", "15006"}, "--outbound-port", "another port than --inbound-port");
  expect_refused({"--proxy-uid", "envoy"}, "--proxy-uid", "a number");
  expect_refused({"--proxy-uid", "0"}, "--proxy-uid", "a user of the sidecar's own");
  expect_refused({"--proxy-uid="}, "--proxy-uid", "expected one number");
  expect_refused({"--skip-outbound-ports", "http"}, "--skip-outbound-ports", "a range of them, as 8000-8010");
  expect_refused({"--skip-inbound-cidrs", "10.0.0.1/8"}, "--skip-inbound-cidrs", "10.0.0.0/8");
  expect_refused({"--skip-interfaces", "eth*"}, "--skip-interfaces", "the whole name of an interface");
  expect_refused({"--skip-interfaces", "a\"} drop"}, "--skip-interfaces", "the whole name of an interface");
  expect_refused({"--mode", "ebpf"}, "--mode", "expected auto, iptables, iptables-legacy, iptables-nft, nftables");
  expect_refused({"--ipv6", "yes"}, "--ipv6", "expected auto, off, on");
  expect_refused({"--remove", "--print"}, "--remove", "at most one of");
  expect_refused({"--opaque-ports", "25"}, "--opaque-ports", "--help");
}

TEST(InitOptions, Ipv6IsRedirectedWhereThereIsIpv6) {
  InitOptions options;
  ASSERT_TRUE(resolve_ipv6(options, true));
  EXPECT_TRUE(options.plan.ipv6);
  ASSERT_TRUE(resolve_ipv6(options, false));
  EXPECT_FALSE(options.plan.ipv6);
  options.ipv6 = Ipv6Mode::kOff;
  ASSERT_TRUE(resolve_ipv6(options, true));
  EXPECT_FALSE(options.plan.ipv6);
  options.ipv6 = Ipv6Mode::kOn;
  ASSERT_TRUE(resolve_ipv6(options, true));
  EXPECT_TRUE(options.plan.ipv6);
  EXPECT_THAT(resolve_ipv6(options, false).error().detail, HasSubstr("this kernel has no IPv6"));
}
}  // namespace
}  // namespace heddle
