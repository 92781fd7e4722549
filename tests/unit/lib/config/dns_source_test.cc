#include "lib/config/dns_source.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/snapshot/snapshot_builder.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string set_yaml(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: db}, spec: ", spec, "}\n---\n");
}
DnsSource source_of(std::string_view spec) {
  return snapshot_of(set_yaml(spec))->find_backend_set({"default", "db"})->spec->dns.value();
}

TEST(DnsSource, HasTheDefaultsOfTheField) {
  DnsSource dns = source_of("{tls: plaintext, dns: {name: db.example.com, port: 5432}}");

  EXPECT_EQ(dns.name, "db.example.com");
  EXPECT_EQ(dns.port, 5432);
  EXPECT_EQ(dns.type, DnsType::kAddress);
  EXPECT_EQ(dns.min_ttl, Duration(5s));
  EXPECT_EQ(dns.max_ttl, Duration(5min));
  EXPECT_EQ(dns.identity, std::nullopt);
}

TEST(DnsSource, TakesTheIdentityOfTheSet) {
  DnsSource dns = source_of("{identity: 'spiffe://td/ns/a/sa/db', dns: {name: _db._tcp.shop, type: srv}}");

  EXPECT_EQ(dns.type, DnsType::kSrv);
  EXPECT_EQ(dns.identity->text(), "spiffe://td/ns/a/sa/db");
}

TEST(DnsSource, ALeastTtlBeyondTheUsualLongestOneMovesIt) {
  EXPECT_EQ(source_of("{tls: plaintext, dns: {name: a, port: 1, minTtl: 1h}}").max_ttl, Duration(1h));
}

struct NameCase {
  std::string name;
  bool underscores;
  std::string_view mistake;
};
class DnsName : public testing::TestWithParam<NameCase> {};

TEST_P(DnsName, IsJudged) { EXPECT_EQ(dns_name_mistake(GetParam().name, GetParam().underscores), GetParam().mistake); }

const std::string kLabel63(63, 'a');
const std::string kName253 = str_cat(kLabel63, ".", kLabel63, ".", kLabel63, ".", std::string(61, 'b'));
constexpr std::string_view kNoHost = "is not a host name in lower case (RFC 1123)";
constexpr std::string_view kNumber = "ends with a number: list addresses under endpoints";
constexpr std::string_view kMisplaced = "has an underscore elsewhere than before its service and protocol (RFC 2782)";

INSTANTIATE_TEST_SUITE_P(
    Names, DnsName,
    testing::Values(NameCase{"db", false, ""}, NameCase{"3com.example", false, ""},
                    NameCase{"xn--bcher-kva.de", false, ""}, NameCase{kName253, false, ""},
                    NameCase{kName253 + "b", false, "has more than 253 bytes"},
                    NameCase{kLabel63 + "a.b", false, kNoHost}, NameCase{"", false, kNoHost},
                    NameCase{"a..b", false, kNoHost}, NameCase{".a", false, kNoHost}, NameCase{"-a.b", false, kNoHost},
                    NameCase{"a-.b", false, kNoHost}, NameCase{"A.b", false, kNoHost}, NameCase{"a b", false, kNoHost},
                    NameCase{"b\xc3\xbc"
                             "cher.de",
                             false, kNoHost},
                    NameCase{"*.a", false, kNoHost},
                    NameCase{"a.b.", false, "ends with a dot: every name is taken as absolute, write it without"},
                    NameCase{"10.0.0.1", false, kNumber}, NameCase{"a.0x7f", false, kNumber},
                    NameCase{"_a._tcp.b", false, "has an underscore: only names of SRV records may"},
                    NameCase{"_a._tcp.b", true, ""}, NameCase{"_a._tcp", true, kMisplaced},
                    NameCase{"_a._tcp.b_c", true, kMisplaced}, NameCase{"a._tcp.b", true, kMisplaced},
                    NameCase{"__a.b", true, kMisplaced}, NameCase{"_.b", true, kMisplaced}));

TEST(DnsSource, OnlySoManySetsAreLookedUp) {
  std::string yaml;
  for (size_t i = 0; i < kMaxDnsSets; ++i) {
    yaml += str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a", std::to_string(i),
                    "}, spec: {tls: plaintext, dns: {name: a, port: 1}}}\n---\n");
  }
  ConfigChange change{ConfigChange::Kind::kReplaceAll, {1, 1}, resources_of(yaml), {}, std::nullopt};
  ConfigChange more = change;
  more.puts = resources_of(yaml + set_yaml("{tls: plaintext, dns: {name: a, port: 1}}"));

  EXPECT_TRUE(SnapshotBuilder(ModelScope::kWhole).apply(change));
  EXPECT_EQ(SnapshotBuilder(ModelScope::kWhole).apply(more).problems.text(),
            "BackendSet default/db: spec.dns: is one too many: at most 1,000 backend sets are looked up in DNS");
}
}  // namespace
}  // namespace heddle
