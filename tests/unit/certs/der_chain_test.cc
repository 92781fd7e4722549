#include "certs/der_chain.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kId = "spiffe://cluster.local/ns/a/sa/b";

TEST(DerChain, ReadsWhatItWrites) {
  TestCa root("cluster.local");
  CertChain chain = root.intermediate(CertSpec::authority("middle")).issue(kId).chain;
  ASSERT_EQ(chain.size(), 2U);

  auto read = parse_der_chain(to_der(chain));

  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(to_der(*read), to_der(chain));
  EXPECT_EQ(read->size(), 2U);
}

TEST(DerChain, RefusesEveryByteThatIsNoCertificate) {
  std::string der = to_der(TestCa("cluster.local").issue(kId).chain);

  for (const std::string& bad : {std::string(), der + "x", der.substr(0, der.size() - 1), "x" + der,
                                 std::string("-----BEGIN CERTIFICATE-----")}) {
    EXPECT_FALSE(parse_der_chain(bad));
  }
}

TEST(DerChain, RefusesMoreThanFourCertificates) {
  std::string one = to_der(TestCa("cluster.local").issue(kId).chain);

  EXPECT_TRUE(parse_der_chain(one + one + one + one));
  auto five = parse_der_chain(one + one + one + one + one);

  ASSERT_FALSE(five);
  EXPECT_EQ(five.error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
