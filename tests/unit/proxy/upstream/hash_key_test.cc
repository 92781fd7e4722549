#include "proxy/upstream/hash_key.h"

#include <gtest/gtest.h>

#include "certs/peer_certificate.h"
#include "proxy/lb/stable_hash.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
class HashKeyTest : public testing::Test {
 protected:
  void add(std::string_view name, std::string_view value) { ASSERT_TRUE(head_.fields().add(name, value)); }
  std::optional<uint64_t> hash(HashSource source, std::string name = "") const {
    return hash_of({source, std::move(name)}, {&head_, connection_, "spiffe://td/me"});
  }
  BlockPool blocks_;
  RequestHead head_{blocks_};
  ConnectionInfo connection_;
};

TEST_F(HashKeyTest, IsNotAskedForByOtherPolicies) { EXPECT_EQ(hash(HashSource::kNone), std::nullopt); }

TEST_F(HashKeyTest, OfAHeaderIsThatOfItsFirstValue) {
  add("x-user", "ann");
  add("x-user", "bob");

  EXPECT_EQ(hash(HashSource::kHeader, "x-user"), stable_hash("ann"));
}

TEST_F(HashKeyTest, IsNothingWhereTheKeyIsMissingOrEmpty) {
  add("x-empty", "");
  add("cookie", "a=; b");

  EXPECT_EQ(hash(HashSource::kHeader, "x-user"), std::nullopt);
  EXPECT_EQ(hash(HashSource::kHeader, "x-empty"), std::nullopt);
  EXPECT_EQ(hash(HashSource::kCookie, "a"), std::nullopt);
  EXPECT_EQ(hash(HashSource::kCookie, "b"), std::nullopt);
  EXPECT_EQ(hash(HashSource::kPath), std::nullopt);
}

TEST_F(HashKeyTest, OfACookieIsFoundInAnyCrumb) {
  add("cookie", "other=1; session=ann");
  add("cookie", "last=2");

  EXPECT_EQ(hash(HashSource::kCookie, "session"), stable_hash("ann"));
  EXPECT_EQ(hash(HashSource::kCookie, "last"), stable_hash("2"));
  EXPECT_EQ(hash(HashSource::kCookie, "ession"), std::nullopt);
  EXPECT_EQ(hash(HashSource::kCookie, "Session"), std::nullopt) << "names of cookies have case";
}

TEST_F(HashKeyTest, OfThePathLeavesTheQueryOut) {
  ASSERT_TRUE(head_.set_path("/a/b?x=1"));

  EXPECT_EQ(hash(HashSource::kPath), stable_hash("/a/b"));
}

TEST_F(HashKeyTest, OfTheCallerIsOurOwnIdentityWhereNobodyProvedOne) {
  EXPECT_EQ(hash(HashSource::kSourceIdentity), stable_hash("spiffe://td/me"));
  EXPECT_EQ(hash_of({HashSource::kSourceIdentity, ""}, {nullptr, connection_, "spiffe://td/me"}),
            stable_hash("spiffe://td/me"))
      << "opaque TCP has a caller, too";
  EXPECT_EQ(hash_of({HashSource::kSourceIdentity, ""}, {&head_, connection_, ""}), std::nullopt);
}

TEST_F(HashKeyTest, OfOpaqueTcpIsNothingButTheCaller) {
  for (HashSource source : {HashSource::kHeader, HashSource::kCookie, HashSource::kPath}) {
    EXPECT_EQ(hash_of({source, "a"}, {nullptr, connection_, "spiffe://td/me"}), std::nullopt);
  }
}

TEST_F(HashKeyTest, OfTheAddressIsThatOfTheCallerWithoutPort) {
  for (std::string_view peer : {"10.1.2.3:4000", "10.1.2.3:4001"}) {
    connection_.peer = *Address::parse(peer);
    EXPECT_EQ(hash(HashSource::kSourceAddress), stable_hash("10.1.2.3"));
    EXPECT_EQ(hash_of({HashSource::kSourceAddress, ""}, {nullptr, connection_, ""}), stable_hash("10.1.2.3"))
        << "opaque TCP has a caller, too";
  }
  connection_.peer = *Address::parse("[2001:db8::7]:1");
  EXPECT_EQ(hash(HashSource::kSourceAddress), stable_hash("2001:db8::7"));
}

TEST_F(HashKeyTest, OfAnAddressThatEveryPodHasIsNothing) {
  for (std::string_view peer : {"127.0.0.1:1", "[::1]:1", "unix:/run/app.sock"}) {
    connection_.peer = *Address::parse(peer);
    EXPECT_EQ(hash(HashSource::kSourceAddress), std::nullopt) << peer;
  }
  connection_.peer = Address();
  EXPECT_EQ(hash(HashSource::kSourceAddress), std::nullopt);
}

TEST_F(HashKeyTest, OfAnAddressAllocatesNothing) {
  connection_.peer = *Address::parse("[2001:db8:1111:2222:3333:4444:5555:6666]:1");
  AllocationCounter allocations;

  EXPECT_TRUE(hash_of({HashSource::kSourceAddress, ""}, {nullptr, connection_, ""}).has_value());

  EXPECT_EQ(allocations.count(), 0U);
}

TEST_F(HashKeyTest, AllocatesNothing) {
  add("cookie", "a=1; b=2; session=a-rather-long-value-that-fits-into-no-small-string");
  const HashOn on{HashSource::kCookie, "session"};
  AllocationCounter allocations;

  EXPECT_TRUE(hash_of(on, {&head_, connection_, ""}).has_value());

  EXPECT_EQ(allocations.count(), 0U);
}
}  // namespace
}  // namespace heddle
