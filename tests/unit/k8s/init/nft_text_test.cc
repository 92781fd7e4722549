#include "k8s/init/nft_text.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(NftText, OfNoOptions) {
  EXPECT_EQ(nft_text({}), R"(add table inet heddle
delete table inet heddle
table inet heddle {
  chain inbound {
    type nat hook prerouting priority -100; policy accept;
    iifname { "lo" } return comment "heddle/in/loopback"
    tcp dport { 15000-15001, 15006, 15020 } return comment "heddle/in/proxy-ports"
    meta l4proto tcp redirect to :15006 comment "heddle/in/redirect-15006"
  }
  chain outbound {
    type nat hook output priority -100; policy accept;
    meta skuid { 2102 } return comment "heddle/out/proxy-user"
    oifname { "lo" } return comment "heddle/out/loopback"
    meta l4proto tcp redirect to :15001 comment "heddle/out/redirect-15001"
  }
}
)");
}

InterceptionPlan with_everything() {
  InterceptionPlan plan;
  plan.inbound_port = 25006;
  plan.outbound_port = 25001;
  plan.proxy_uid = 1337;
  plan.proxy_gid = 1338;
  plan.skip_inbound_ports = {{22, 22}};
  plan.skip_outbound_ports = {{3306, 3306}, {8000, 8010}};
  plan.only_inbound_ports = {{8080, 8081}};
  plan.only_outbound_ports = {{80, 80}, {443, 443}};
  plan.skip_inbound_cidrs = *parse_ip_blocks("", "fd00::/8");
  plan.skip_outbound_cidrs = *parse_ip_blocks("", "10.0.0.0/8,169.254.169.254,fd00::/8");
  plan.skip_uids = {{3000, 3005}};
  plan.skip_interfaces = {"eth1", "net1"};
  return plan;
}

TEST(NftText, OfEveryOption) {
  EXPECT_EQ(nft_text(with_everything()), R"(add table inet heddle
delete table inet heddle
table inet heddle {
  chain inbound {
    type nat hook prerouting priority -100; policy accept;
    iifname { "lo" } return comment "heddle/in/loopback"
    iifname { "eth1", "net1" } return comment "heddle/in/skip-interfaces"
    tcp dport { 15000, 15020, 25001, 25006 } return comment "heddle/in/proxy-ports"
    tcp dport { 22 } return comment "heddle/in/skip-ports"
    ip6 saddr { fd00::/8 } return comment "heddle/in/skip-cidrs"
    tcp dport { 8080-8081 } redirect to :25006 comment "heddle/in/redirect-25006"
  }
  chain outbound {
    type nat hook output priority -100; policy accept;
    meta skuid { 1337 } return comment "heddle/out/proxy-user"
    meta skgid { 1338 } return comment "heddle/out/proxy-group"
    meta skuid { 3000-3005 } return comment "heddle/out/skip-uids"
    oifname { "lo" } return comment "heddle/out/loopback"
    oifname { "eth1", "net1" } return comment "heddle/out/skip-interfaces"
    tcp dport { 3306, 8000-8010 } return comment "heddle/out/skip-ports"
    ip daddr { 10.0.0.0/8, 169.254.169.254/32 } return comment "heddle/out/skip-cidrs"
    ip6 daddr { fd00::/8 } return comment "heddle/out/skip-cidrs"
    tcp dport { 80, 443 } redirect to :25001 comment "heddle/out/redirect-25001"
  }
}
)");
}

TEST(NftText, WithoutIpv6LeavesItAloneBeforeAnythingIsRedirected) {
  InterceptionPlan plan;
  plan.ipv6 = false;
  std::string text = nft_text(plan);
  size_t inbound = text.find("meta nfproto ipv6 return comment \"heddle/in/ipv6-off\"");
  size_t outbound = text.find("meta nfproto ipv6 return comment \"heddle/out/ipv6-off\"");
  EXPECT_LT(inbound, text.find("redirect to :15006"));
  EXPECT_LT(text.find("chain outbound"), outbound);
  EXPECT_LT(outbound, text.find("redirect to :15001"));
}

// The same transaction takes the table out and makes it: nobody sees a moment without it, and twice is once.
TEST(NftText, BeginsWithItsOwnRemoval) { EXPECT_TRUE(nft_text({}).starts_with(nft_removal_text())); }
}  // namespace
}  // namespace heddle
