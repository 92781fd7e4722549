#include "control/cluster/endpoint_slices.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
using test::one_of_yaml;

std::vector<std::string> addresses(const std::vector<SliceEndpoint>& endpoints) {
  std::vector<std::string> out;
  for (const SliceEndpoint& one : endpoints) out.push_back(one.address.text());
  return out;
}
using Texts = std::vector<std::string>;

TEST(ReadSlice, TakesTheFirstAddressWithThePortOfThatName) {
  JsonValue slice = one_of_yaml(R"(
metadata: {namespace: shop}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]
endpoints:
  - {addresses: [10.0.0.1, 10.0.0.9], zone: a, targetRef: {kind: Pod, name: web-1}}
  - {addresses: [10.0.0.2], conditions: {ready: false, serving: true, terminating: true}})");

  std::vector<SliceEndpoint> found = read_slice(slice, "http", 0);
  ASSERT_EQ(addresses(found), (Texts{"10.0.0.1:8080", "10.0.0.2:8080"}));
  EXPECT_EQ(found[0].zone, "a");
  EXPECT_EQ(found[0].pod, (ObjectRef{"shop", "web-1"}));
  EXPECT_TRUE(found[0].ready);
  EXPECT_FALSE(found[1].ready);
  EXPECT_TRUE(found[1].terminating);
  EXPECT_TRUE(read_slice(slice, "grpc", 0).empty());
  EXPECT_TRUE(read_slice(slice, "dns", 0).empty());
}

TEST(ReadSlice, APortWithoutANumberIsTheServicesOwnTarget) {
  JsonValue slice = one_of_yaml("{addressType: IPv6, ports: [{name: ''}], endpoints: [{addresses: ['fd00::1']}]}");
  EXPECT_EQ(addresses(read_slice(slice, "", 8080)), Texts{"[fd00::1]:8080"});
  EXPECT_TRUE(read_slice(slice, "", 0).empty());
}

TEST(ReadSlice, OfV1beta1TheZoneIsALabelOfTheNode) {
  JsonValue slice = one_of_yaml(R"({addressType: IPv4, ports: [{port: 80, name: ''}],
      endpoints: [{addresses: [10.0.0.1], topology: {topology.kubernetes.io/zone: b}}]})");
  EXPECT_EQ(read_slice(slice, "", 0).at(0).zone, "b");
}

TEST(ReadSlice, NamesAreNotFollowed) {
  JsonValue slice = one_of_yaml("{addressType: FQDN, ports: [{port: 80, name: ''}], endpoints: [{addresses: [a.b]}]}");
  EXPECT_TRUE(read_slice(slice, "", 0).empty());
}

TEST(ReadEndpoints, KnowsReadyAndNotReady) {
  JsonValue object = one_of_yaml(R"({metadata: {namespace: shop}, subsets: [{ports: [{port: 80, name: http}],
      addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: a}}], notReadyAddresses: [{ip: 10.0.0.2}]}]})");
  EXPECT_EQ(addresses(usable(read_endpoints(object, "http"), false)), Texts{"10.0.0.1:80"});
  EXPECT_EQ(addresses(usable(read_endpoints(object, "http"), true)), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
}

SliceEndpoint endpoint(std::string_view ip, bool ready, bool serving, bool terminating) {
  SliceEndpoint out;
  out.address = Address::from_ip(ip, 80).value();
  out.ready = ready;
  out.serving = serving;
  out.terminating = terminating;
  return out;
}

TEST(UsableEndpoints, ReadyOnesIfThereAreAny) {
  std::vector<SliceEndpoint> all = {endpoint("10.0.0.2", true, true, false), endpoint("10.0.0.1", false, true, true)};
  EXPECT_EQ(addresses(usable(all, false)), Texts{"10.0.0.2:80"});
}

TEST(UsableEndpoints, ElseThoseThatStillServeWhileTheyEnd) {
  std::vector<SliceEndpoint> all = {endpoint("10.0.0.2", false, false, true), endpoint("10.0.0.1", false, true, true),
                                    endpoint("10.0.0.3", false, true, false)};
  EXPECT_EQ(addresses(usable(all, false)), Texts{"10.0.0.1:80"});
}

TEST(UsableEndpoints, OneThatMovesBetweenSlicesStandsOnce) {
  std::vector<SliceEndpoint> all = {endpoint("10.0.0.1", false, false, false), endpoint("10.0.0.1", true, true, false)};
  std::vector<SliceEndpoint> found = usable(all, false);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].ready);
}
}  // namespace
}  // namespace heddle
