#include "proxy/upstream/dns_endpoints.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::vector<Address> hosts(size_t count) {
  std::vector<Address> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(*Address::from_ip(str_cat("10.0.", std::to_string(i / 256), ".", std::to_string(i % 256)), 0));
  }
  return out;
}
Address ip(std::string_view text) { return *Address::from_ip(text, 0); }

std::string text_of(const ResolvedEndpoints& found) {
  std::vector<std::string> out;
  for (const auto& each : found.endpoints)
    out.push_back(str_cat(each.address.text(), "=", std::to_string(each.weight)));
  return join(out, " ");
}

TEST(MergeHosts, GivesEveryAddressOfOneHostTheSame) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("::1"), ip("10.0.0.2"), ip("10.0.0.1"), ip("10.0.0.2")}, 80, 7}})),
            "10.0.0.1:80=1 10.0.0.2:80=1 [::1]:80=1");
}

TEST(MergeHosts, KeepsTheWeightsOfHostsWithOneAddress) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("10.0.0.1")}, 1, 10}, {{ip("10.0.0.2")}, 2, 30}})),
            "10.0.0.1:1=10 10.0.0.2:2=30");
}

TEST(MergeHosts, DividesTheShareOfAHostAmongItsAddresses) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3")}, 1, 2}, {{ip("10.0.0.4")}, 1, 1}})),
            "10.0.0.1:1=10 10.0.0.2:1=10 10.0.0.3:1=10 10.0.0.4:1=15");
}

TEST(MergeHosts, AWeightOfZeroBesideOthersIsVerySmall) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("10.0.0.1")}, 1, 0}, {{ip("10.0.0.2")}, 1, 4}})), "10.0.0.1:1=1 10.0.0.2:1=60");
}

TEST(MergeHosts, AllZeroIsAllAlike) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("10.0.0.1")}, 1, 0}, {{ip("10.0.0.2")}, 1, 0}})), "10.0.0.1:1=15 10.0.0.2:1=15");
}

TEST(MergeHosts, AnAddressOfTwoHostsGetsBothShares) {
  EXPECT_EQ(text_of(merge_hosts({{{ip("10.0.0.1")}, 1, 3}, {{ip("10.0.0.1")}, 1, 4}})), "10.0.0.1:1=7");
}

TEST(MergeHosts, TheLargestWeightsAreLegalOnes) {
  std::vector<DnsHost> many(kMaxDnsTargets, DnsHost{{ip("10.0.0.1")}, 1, 0xffff});

  EXPECT_EQ(merge_hosts(many).endpoints.at(0).weight, uint32_t{kMaxWeight});
}

TEST(MergeHosts, LeavesOutWhatIsBeyondTheLimitByItsAddress) {
  std::vector<Address> all = hosts(kMaxDnsEndpoints + 3);
  std::reverse(all.begin(), all.end());

  ResolvedEndpoints found = merge_hosts({{all, 80, 1}});

  ASSERT_EQ(found.endpoints.size(), kMaxDnsEndpoints);
  EXPECT_EQ(found.endpoints.front().address, hosts(1).front().with_port(80));
  EXPECT_EQ(found.left_out, 3U);
}

TEST(ChooseSrv, TakesTheLowestPriorityOnly) {
  SrvChoice choice = choose_srv({{"c", 1, 20, 1}, {"b", 1, 10, 1}, {"a", 2, 10, 5}});

  EXPECT_EQ(choice.targets, std::vector<SrvRecord>({{"a", 2, 10, 5}, {"b", 1, 10, 1}}));
}

TEST(ChooseSrv, TakesATargetWithItsPortOnce) {
  EXPECT_EQ(choose_srv({{"a", 1, 0, 1}, {"a", 1, 0, 2}, {"a", 2, 0, 1}}).targets.size(), 2U);
}

TEST(ChooseSrv, HasALimit) {
  std::vector<SrvRecord> records;
  for (uint16_t i = 0; i < kMaxDnsTargets + 2; ++i) records.push_back({"a", static_cast<uint16_t>(i + 1), 0, 1});

  SrvChoice choice = choose_srv(records);

  EXPECT_EQ(choice.targets.size(), kMaxDnsTargets);
  EXPECT_EQ(choice.left_out, 2U);
}

TEST(ChooseSrv, NoneIsNone) { EXPECT_TRUE(choose_srv({}).targets.empty()); }

TEST(WithEndpoints, PutsWhatWasFoundIntoTheSpecification) {
  auto spec = std::make_shared<BackendSetSpec>();
  spec->dns = DnsSource{"a", 80, DnsType::kAddress, 5s, 5min, *SpiffeId::parse("spiffe://td/a")};
  spec->lb.policy = LbPolicy::kRandom;
  ResolvedEndpoints found = merge_hosts({{{ip("10.0.0.1")}, 80, 1}});

  BackendSetSpecPtr whole = with_endpoints(spec, &found);

  ASSERT_EQ(whole->endpoints.size(), 1U);
  EXPECT_EQ(whole->endpoints[0].address().text(), "10.0.0.1:80");
  EXPECT_EQ(whole->endpoints[0].key.identity->text(), "spiffe://td/a");
  EXPECT_EQ(whole->lb.policy, LbPolicy::kRandom);
  EXPECT_EQ(with_endpoints(spec, nullptr), spec);
}

TEST(WithEndpoints, LeavesListedEndpointsAlone) {
  auto spec = std::make_shared<BackendSetSpec>();
  ResolvedEndpoints found = merge_hosts({{{ip("10.0.0.1")}, 80, 1}});

  EXPECT_EQ(with_endpoints(spec, &found), spec);
}
}  // namespace
}  // namespace heddle
