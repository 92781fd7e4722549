#include "control/api/bundle_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "certs/jwks.h"
#include "lib/base/json.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
DomainRoots::Ptr roots(const std::vector<const TestCa*>& authorities, uint64_t sequence) {
  CertChain chain;
  for (const TestCa* ca : authorities) chain.push_back(ca->chain().back());
  return *DomainRoots::create(authorities.front()->trust_domain(), std::move(chain), {sequence, 300s});
}

TEST(BundleAnswer, IsASpiffeBundleWithSequenceAndHint) {
  TestCa ca("td.test");

  RpcResponse answer = bundle_answer(*roots({&ca}, 7));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  JsonValue document = *JsonValue::parse(answer.body);
  EXPECT_EQ(*document.find("spiffe_sequence")->as_integer(), 7);
  EXPECT_EQ(*document.find("spiffe_refresh_hint")->as_integer(), 300);
  EXPECT_EQ(document.find("keys")->size(), 1U);
}

TEST(BundleAnswer, HoldsBothRootsOfARotation) {
  TestCa old_one("td.test");
  TestCa new_one("td.test");
  DomainRoots::Ptr both = roots({&old_one, &new_one}, 8);

  RpcResponse answer = bundle_answer(*both);

  EXPECT_EQ((*parse_jwks(old_one.trust_domain(), answer.body))->pins(), both->pins());
}

TEST(BundleAnswer, MayBeKeptByNobodyInBetween) {
  TestCa ca("td.test");

  RpcResponse answer = bundle_answer(*roots({&ca}, 1));

  std::pair<std::string, std::string> wanted{"cache-control", "no-store"};
  EXPECT_NE(std::ranges::find(answer.headers, wanted), answer.headers.end());
}
}  // namespace
}  // namespace heddle
