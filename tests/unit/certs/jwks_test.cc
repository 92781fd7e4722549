#include "certs/jwks.h"

#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
TrustDomain domain() { return *TrustDomain::parse("td.test"); }

std::string x5c(const TestCa& ca) { return to_base64(as_bytes(to_der(ca.certificate(), i2d_X509))); }
std::string entry(const TestCa& ca, std::string_view kty = "EC", std::string_view use = "x509-svid") {
  return str_cat(R"({"kty":")", kty, R"(","use":")", use, R"(","x5c":[")", x5c(ca), R"("]})");
}
std::string bundle_with(std::string_view members) { return str_cat("{\"keys\":[],", members, "}"); }

size_t roots_in(std::string_view json) {
  auto roots = parse_jwks(domain(), json);
  EXPECT_TRUE(roots) << (roots ? "" : roots.error().detail);
  return roots ? (*roots)->certificates().size() : 999;
}

std::string refusal(std::string_view json) {
  auto roots = parse_jwks(domain(), json);
  return roots ? "accepted" : roots.error().detail;
}

std::optional<uint64_t> sequence(std::string_view number) {
  auto roots = parse_jwks(domain(), bundle_with(str_cat("\"spiffe_sequence\":", number)));
  return roots ? (*roots)->notes().sequence : std::nullopt;
}
}  // namespace

TEST(Jwks, SurvivesPublishingAndReading) {
  TestCa one("td.test");
  TestCa two("td.test");
  auto made = *DomainRoots::create(domain(), {one.chain()[0], two.chain()[0]}, {7, 600s});

  auto read = parse_jwks(domain(), *to_jwks(*made));

  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ((*read)->pins(), made->pins());
  EXPECT_EQ((*read)->notes().sequence, 7U);
  EXPECT_EQ((*read)->notes().refresh_hint, 600s);
}

TEST(Jwks, PublishesOneCertificatePerKeyAndNoKid) {
  auto json = JsonValue::parse(*to_jwks(*TestCa("td.test").roots()));

  JsonValue key = json->find("keys")->at(0);
  EXPECT_EQ(key.find("kty")->as_string(), "EC");
  EXPECT_EQ(key.find("use")->as_string(), "x509-svid");
  EXPECT_EQ(key.find("crv")->as_string(), "P-256");
  EXPECT_EQ(key.find("x")->as_string()->size(), 43U);
  EXPECT_EQ(key.find("y")->as_string()->size(), 43U);
  EXPECT_EQ(key.find("x5c")->size(), 1U);
  EXPECT_FALSE(key.find("kid"));
}

TEST(Jwks, PublishesRsaRoots) {
  KeyPtr rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
  CertSpec spec = CertSpec::authority("rsa");
  spec.raw_key = rsa.get();
  TestCa ca("td.test");
  auto roots = *DomainRoots::create(domain(), {ca.issue(spec).chain.front()}, {});

  auto json = JsonValue::parse(*to_jwks(*roots));

  EXPECT_EQ(json->find("keys")->at(0).find("e")->as_string(), "AQAB");
  EXPECT_EQ(roots_in(*to_jwks(*roots)), 1U);
}

TEST(Jwks, RequiresKeysAndTakesNoneAsRevokingAll) {
  EXPECT_NE(refusal("{}").find("`keys` is required"), std::string::npos);
  EXPECT_NE(refusal(R"({"keys":null})").find("`keys` is required"), std::string::npos);
  EXPECT_NE(refusal(R"({"keys":{}})").find("`keys` is required"), std::string::npos);
  EXPECT_EQ(roots_in(R"({"keys":[]})"), 0U);
}

TEST(Jwks, IgnoresKeysItDoesNotKnow) {
  TestCa ca("td.test");
  std::string good = entry(ca);
  for (const std::string& other :
       {entry(ca, "OKP"), entry(ca, "EC", "jwt-svid"), entry(ca, "EC", "X509-SVID"), entry(ca, "EC", "sig"),
        str_cat(R"({"kty":"EC","x5c":[")", x5c(ca), "\"]}"), str_cat(R"({"use":"x509-svid","x5c":[")", x5c(ca), "\"]}"),
        std::string(R"({"kty":"EC","use":"x509-svid"})"), std::string(R"({"kty":"EC","use":"x509-svid","x5c":[]})")}) {
    EXPECT_EQ(roots_in(str_cat("{\"keys\":[", other, "]}")), 0U) << other;
    EXPECT_EQ(roots_in(str_cat("{\"keys\":[", other, ",", good, "]}")), 1U) << other;
  }
}

TEST(Jwks, UsesOnlyTheFirstCertificateOfAnEntry) {
  TestCa one("td.test");
  TestCa two("td.test");
  std::string json =
      str_cat(R"({"keys":[{"kty":"EC","use":"x509-svid","x5c":[")", x5c(one), "\",\"", x5c(two), "\"]}]}");

  EXPECT_EQ((*parse_jwks(domain(), json))->pins(), one.roots()->pins());
}

TEST(Jwks, AcceptsAKidAndUnknownMembers) {
  TestCa ca("td.test");

  EXPECT_EQ(roots_in(str_cat(R"({"new":1,"keys":[{"kid":"k","more":[],"kty":"EC","use":"x509-svid","x5c":[")", x5c(ca),
                             "\"]}]}")),
            1U);
}

TEST(Jwks, RefusesMalformedEntriesAndNamesThem) {
  TestCa ca("td.test");
  std::string leaf = to_base64(as_bytes(to_der(ca.issue("spiffe://td.test/a").chain[0].get(), i2d_X509)));
  auto with = [](std::string_view certificate) {
    return refusal(str_cat(R"({"keys":[{"kty":"EC","use":"x509-svid","x5c":)", certificate, "}]}"));
  };

  EXPECT_NE(with("\"x\"").find("keys[0]: x5c: expected a list"), std::string::npos);
  EXPECT_NE(with("[1]").find("x5c[0]: expected a string"), std::string::npos);
  EXPECT_NE(with("[\"!!!!\"]").find("base64"), std::string::npos);
  EXPECT_NE(with("[\"AAAA\"]").find("not an X.509"), std::string::npos);
  EXPECT_NE(with(str_cat("[\"", leaf, "\"]")).find("not a CA"), std::string::npos);
  EXPECT_NE(refusal(R"({"keys":[1]})").find("keys[0]: expected an object"), std::string::npos);
  EXPECT_NE(refusal("[]"), "accepted");
  EXPECT_NE(refusal("x"), "accepted");
  EXPECT_NE(refusal(R"({"keys":[],"keys":[]})"), "accepted");
  EXPECT_NE(refusal(std::string(1024 * 1024 + 1, ' ')), "accepted");
}

TEST(Jwks, ReadsTheSequenceOnlyAsAnInteger) {
  EXPECT_EQ(sequence("0"), 0U);
  EXPECT_EQ(sequence("9223372036854775807"), 9223372036854775807U);
  for (const char* wrong : {"9223372036854775808", "18446744073709551616", "-1", "1.5", "\"3\"", "null"}) {
    EXPECT_EQ(sequence(wrong), std::nullopt) << wrong;
    EXPECT_NE(refusal(bundle_with(str_cat("\"spiffe_sequence\":", wrong))), "accepted") << wrong;
  }
}

TEST(Jwks, ClampsTheRefreshHint) {
  struct Row {
    const char* hint;
    Duration is;
  };
  for (const Row& row : {Row{"0", 60s}, Row{"-1", 60s}, Row{"1", 60s}, Row{"60", 60s}, Row{"120", 120s},
                         Row{"3601", 3600s}, Row{"1000000000", 3600s}, Row{"9223372036854775807", 3600s}}) {
    auto roots = *parse_jwks(domain(), bundle_with(str_cat("\"spiffe_refresh_hint\":", row.hint)));

    EXPECT_EQ(roots->notes().refresh_hint, row.is) << row.hint;
  }
  EXPECT_EQ((*parse_jwks(domain(), R"({"keys":[]})"))->notes().refresh_hint, 300s);
  EXPECT_NE(refusal(bundle_with("\"spiffe_refresh_hint\":1.5")), "accepted");
}

TEST(Jwks, RefusesAStaleSequence) {
  TestCa ca("td.test");
  auto at = [&](uint64_t number) { return *DomainRoots::create(domain(), {ca.chain()[0]}, {number, 300s}); };
  TrustBundle bundle;
  ASSERT_TRUE(bundle.update(at(5)));

  EXPECT_EQ(bundle.update(at(4)).error().reason, Reason::kConflict);
  EXPECT_TRUE(bundle.update(at(5)));
  EXPECT_TRUE(bundle.update(at(6)));
}

TEST(BundleMap, ReadsEveryDomainAndIgnoresInnerHints) {
  TestCa one("td1.test");
  TestCa two("td2.test");
  std::string json = str_cat(R"({"trust_domains":{"td1.test":{"spiffe_refresh_hint":900,"keys":[)", entry(one),
                             R"(]},"td2.test":{"keys":[)", entry(two), "]}}}");

  auto bundle = parse_bundle_map(json);

  ASSERT_TRUE(bundle) << bundle.error().detail;
  EXPECT_EQ(bundle->find("td1.test")->pins(), one.roots()->pins());
  EXPECT_EQ(bundle->find("td2.test")->pins(), two.roots()->pins());
  EXPECT_EQ(bundle->find("td1.test")->notes().refresh_hint, 300s);
}

TEST(BundleMap, RefusesTheWholeMapForOneBadEntry) {
  for (const char* json :
       {"{}", R"({"trust_domains":[]})", R"({"trust_domains":{"TD":{"keys":[]}}})", R"({"trust_domains":{"a":1}})",
        R"({"trust_domains":{"a":{"keys":[]},"b":{"keys":[]},"c":{}}})",
        R"({"trust_domains":{"a":{"keys":[]},"a":{"keys":[]}}})"}) {
    EXPECT_FALSE(parse_bundle_map(json)) << json;
  }
  EXPECT_TRUE(parse_bundle_map(R"({"trust_domains":{"a":{"keys":[]},"b":{"keys":[]}}})"));
}

TEST(BundleMap, IsReadAsItWasWritten) {
  TestCa one("td1.test");
  TestCa two("td2.test");

  auto written = to_bundle_map({one.roots(), two.roots()});
  ASSERT_TRUE(written) << written.error().detail;
  auto bundle = parse_bundle_map(*written);

  ASSERT_TRUE(bundle) << bundle.error().detail;
  EXPECT_EQ(bundle->domains().size(), 2U);
  EXPECT_EQ(bundle->find("td2.test")->pins(), two.roots()->pins());
  EXPECT_EQ(*to_bundle_map({}), R"({"trust_domains":{}})");
}
}  // namespace heddle
