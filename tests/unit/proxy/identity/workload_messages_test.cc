#include "proxy/identity/workload_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/der_chain.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using testing::HasSubstr;
constexpr std::string_view kId = "spiffe://cluster.local/ns/a/sa/b";
constexpr std::string_view kOtherId = "spiffe://cluster.local/ns/a/sa/c";

// Protobuf by hand: a second opinion about the field numbers.
std::string varint(size_t n) {
  std::string out;
  for (; n >= 128; n /= 128) out += static_cast<char>(n % 128 + 128);
  return out + static_cast<char>(n);
}
std::string bytes_field(int number, std::string_view value) {
  return str_cat(varint(static_cast<size_t>(number) << 3 | 2), varint(value.size()), value);
}

class WorkloadMessages : public testing::Test {
 protected:
  std::string svid_message(const Svid& of) {
    return bytes_field(1, of.id.text()) + bytes_field(2, to_der(of.chain)) + bytes_field(3, of.key->to_der()->view()) +
           bytes_field(4, to_der(ca.roots()->certificates()));
  }
  static std::string entry(std::string_view domain, std::string_view der) {
    return bytes_field(3, bytes_field(1, domain) + bytes_field(2, der));
  }
  Result<TlsMaterial> read(const std::string& message) { return read_x509_svids(message, rules, kTestNow); }
  std::string problem(const std::string& message) {
    auto material = read(message);
    return material ? "" : material.error().detail;
  }
  TestCa ca{"cluster.local"};
  TestCa friends{"friends.test"};
  Svid svid = ca.issue(kId);
  std::string roots = to_der(ca.roots()->certificates());
  WorkloadRules rules{*TrustDomain::parse("cluster.local"), std::nullopt};
};

TEST_F(WorkloadMessages, EncodeTheFieldsOfTheStandard) {
  TrustBundle bundle = ca.bundle();
  auto encoded = encode_x509_svids(svid, bundle);

  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->view(), bytes_field(1, svid_message(svid)));
  EXPECT_EQ(encode_x509_bundles(bundle),
            bytes_field(2, bytes_field(1, "spiffe://cluster.local") + bytes_field(2, roots)));
}

TEST_F(WorkloadMessages, ReadWhatTheyEncodeWithFederatedBundles) {
  TrustBundle bundle = ca.bundle();
  bundle.replace(friends.roots());

  auto material = read(std::string(encode_x509_svids(svid, bundle)->view()));

  ASSERT_TRUE(material) << material.error().text();
  EXPECT_EQ(material->svid->id.text(), kId);
  EXPECT_EQ(to_der(material->svid->chain), to_der(svid.chain));
  ASSERT_NE(material->bundle->find("friends.test"), nullptr);
  EXPECT_EQ(material->bundle->find("friends.test")->pins(), friends.roots()->pins());
  EXPECT_EQ(material->bundle->domains().size(), 2U);
}

TEST_F(WorkloadMessages, AreTheSameBytesForTheSameState) {
  TrustBundle bundle = ca.bundle();
  for (int i = 0; i < 50; ++i) {
    bundle.replace(*DomainRoots::create(*TrustDomain::parse(str_cat("d", std::to_string(i))), {}, {}));
  }
  std::string first(encode_x509_svids(svid, bundle)->view());
  std::string bundles = encode_x509_bundles(bundle);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(encode_x509_svids(svid, bundle)->view(), first);
    EXPECT_EQ(encode_x509_bundles(bundle), bundles);
  }
}

TEST_F(WorkloadMessages, TakeTheFirstSvidOrTheNamedOne) {
  std::string both = bytes_field(1, svid_message(svid)) + bytes_field(1, svid_message(ca.issue(kOtherId)));

  EXPECT_EQ(read(both)->svid->id.text(), kId);
  rules.id = *SpiffeId::parse(kOtherId);
  EXPECT_EQ(read(both)->svid->id.text(), kOtherId);
  rules.id = *SpiffeId::parse("spiffe://cluster.local/ns/a/sa/d");
  EXPECT_THAT(problem(both), HasSubstr("no SVID of spiffe://cluster.local/ns/a/sa/d among 2"));
}

TEST_F(WorkloadMessages, RefuseWhatLacksAField) {
  std::string id = bytes_field(1, kId);
  std::string chain = bytes_field(2, to_der(svid.chain));
  std::string key = bytes_field(3, svid.key->to_der()->view());
  std::string bundle = bytes_field(4, roots);

  EXPECT_EQ(problem(bytes_field(1, id + chain + key + bundle)), "");
  EXPECT_THAT(problem(""), HasSubstr("no SVID"));
  EXPECT_THAT(problem(bytes_field(1, chain + key + bundle)), HasSubstr("spiffe_id is"));
  EXPECT_THAT(problem(bytes_field(1, id + key + bundle)), HasSubstr("x509_svid: no certificate"));
  EXPECT_THAT(problem(bytes_field(1, id + chain + bundle)), HasSubstr("x509_svid_key is missing"));
  EXPECT_THAT(problem(bytes_field(1, id + chain + key)), HasSubstr("bundle is missing"));
}

TEST_F(WorkloadMessages, RefuseAKeyThatIsNotTheLeafs) {
  Svid mixed = svid;
  mixed.key = ca.issue(kId).key;

  EXPECT_THAT(problem(bytes_field(1, svid_message(mixed))), HasSubstr("the private key is not the certificate's"));
}

TEST_F(WorkloadMessages, RefuseAPemKey) {
  std::string message = bytes_field(1, kId) + bytes_field(2, to_der(svid.chain)) +
                        bytes_field(3, svid.key->to_pem()->view()) + bytes_field(4, roots);

  EXPECT_THAT(problem(bytes_field(1, message)), HasSubstr("x509_svid_key: "));
}

TEST_F(WorkloadMessages, RefuseALeafThatTheBundleDoesNotVouchFor) {
  EXPECT_THAT(problem(bytes_field(1, svid_message(TestCa("cluster.local").issue(kId)))),
              HasSubstr("chain to the roots"));
}

TEST_F(WorkloadMessages, RefuseALeafWithTwoIds) {
  CertSpec spec = CertSpec::leaf(kId);
  spec.uris.emplace_back(kOtherId);

  EXPECT_NE(problem(bytes_field(1, svid_message(ca.issue(spec)))), "");
}

TEST_F(WorkloadMessages, RefuseAnExpiredSvid) {
  std::string message = bytes_field(1, svid_message(svid));

  EXPECT_FALSE(read_x509_svids(message, rules, kTestEnd + 1s));
}

TEST_F(WorkloadMessages, RefuseAnSvidOfAnotherTrustDomain) {
  Svid foreign = friends.issue("spiffe://friends.test/ns/a/sa/b");
  std::string message = bytes_field(1, foreign.id.text()) + bytes_field(2, to_der(foreign.chain)) +
                        bytes_field(3, foreign.key->to_der()->view()) +
                        bytes_field(4, to_der(friends.roots()->certificates()));

  EXPECT_THAT(problem(bytes_field(1, message)), HasSubstr("trustDomain is cluster.local"));
}

TEST_F(WorkloadMessages, AreRefusedWholeForOneBadFederatedBundle) {
  std::string good = bytes_field(1, svid_message(svid)) + entry("spiffe://friends.test", roots);
  EXPECT_EQ(problem(good), "");

  for (const std::string& bad :
       {entry("spiffe://other.test", "\x30"), entry("other.test", roots), entry("spiffe://other.test/path", roots),
        entry("spiffe://cluster.local", roots), entry("", roots)}) {
    EXPECT_NE(problem(good + bad), "");
  }
}

TEST_F(WorkloadMessages, MayNameAtMost256FederatedDomains) {
  std::string message = bytes_field(1, svid_message(svid));
  for (size_t i = 0; i < workload::kMaxDomains; ++i) message += entry(str_cat("spiffe://d", std::to_string(i)), "");

  EXPECT_EQ(problem(message), "");
  EXPECT_THAT(problem(message + entry("spiffe://one.more", "")), HasSubstr("more than 256"));
}

TEST_F(WorkloadMessages, OfEveryCutAreRefusedOrWhole) {
  std::string message = bytes_field(1, svid_message(svid));

  for (size_t size = 0; size < message.size(); ++size) EXPECT_FALSE(read(message.substr(0, size))) << size;
}

TEST(WorkloadRequest, IsEmptyButMayHaveFieldsOfTomorrow) {
  EXPECT_TRUE(is_workload_request(""));
  EXPECT_TRUE(is_workload_request(bytes_field(15, "later")));
  EXPECT_FALSE(is_workload_request("\xff"));
  EXPECT_FALSE(
      is_workload_request("\x0a\x05"
                          "abc"));
}
}  // namespace
}  // namespace heddle
