#include "lib/snapshot/destinations.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kMesh = R"(
{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a},
 spec: {ports: [{port: 80}, {port: 81, protocol: tcp, backendSet: a}], addresses: [10.96.0.10, "fd00::10"]}}
---
{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a},
 spec: {tls: plaintext, endpoints: [{address: 10.0.0.1, port: 8080}, {address: 10.96.0.10, port: 80}]}}
---
{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: part}, spec: {subsetOf: {name: a, labels: {x: y}}}}
---
)";

class DestinationsTest : public testing::Test {
 protected:
  DestinationsTest() {
    BuildOutcome out = builder_.apply({ConfigChange::Kind::kReplaceAll, {1, 1}, resources_of(kMesh), {}, std::nullopt});
    EXPECT_TRUE(out) << out.problems.text();
    snapshot_ = out.snapshot;
    destinations_ = std::make_unique<Destinations>(*snapshot_);
  }
  const Destination& find(std::string_view address) { return destinations_->find(*Address::parse(address)); }
  SnapshotBuilder builder_{ModelScope::kWhole};
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Destinations> destinations_;
};

TEST_F(DestinationsTest, AnAddressOfAServiceIsThatServiceAtThePortThatIsCalled) {
  ASSERT_EQ(find("10.96.0.10:81").kind, Destination::Kind::kService);
  EXPECT_EQ(find("10.96.0.10:81").service.port->number, 81);
  EXPECT_EQ(find("[fd00::10]:80").service.service->spec->key.name, "a");
}

TEST_F(DestinationsTest, AServiceGoesBeforeAnEndpointWithItsAddress) {
  EXPECT_EQ(find("10.96.0.10:80").kind, Destination::Kind::kService);
}

TEST_F(DestinationsTest, AnEndpointIsOfTheSetThatHasIt) {
  ASSERT_EQ(find("10.0.0.1:8080").kind, Destination::Kind::kEndpoint);
  EXPECT_EQ(find("10.0.0.1:8080").set->spec->key.name, "a");
  EXPECT_EQ(find("10.0.0.1:8080").endpoint->address().text(), "10.0.0.1:8080");
}

TEST_F(DestinationsTest, AnotherPortOfEitherIsExternal) {
  EXPECT_EQ(find("10.96.0.10:82").kind, Destination::Kind::kExternal);
  EXPECT_EQ(find("10.0.0.1:8081").kind, Destination::Kind::kExternal);
  EXPECT_EQ(find("192.0.2.1:443").kind, Destination::Kind::kExternal);
}
}  // namespace
}  // namespace heddle
