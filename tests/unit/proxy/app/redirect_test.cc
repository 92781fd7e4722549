#include "proxy/app/redirect.h"

#include <gtest/gtest.h>

#include <vector>

#include "proxy/app/redirected_routers.h"

namespace heddle {
namespace {
Address at(std::string_view text) { return *Address::parse(text); }

ConnectionInfo redirected(std::string_view local, std::string_view original) {
  ConnectionInfo out;
  out.local = at(local);
  out.original_dst = at(original);
  return out;
}

const std::vector<Address> kOwn{at("127.0.0.1:15001"), at("[::1]:15001"), at("0.0.0.0:15006"), at("[::]:15006")};

TEST(RedirectedFrom, TheOriginalDestination) {
  EXPECT_EQ(*redirected_from(redirected("127.0.0.1:15001", "10.96.0.10:80"), kOwn), at("10.96.0.10:80"));
  EXPECT_EQ(*redirected_from(redirected("10.0.0.2:15006", "10.0.0.2:8080"), kOwn), at("10.0.0.2:8080"));
  EXPECT_EQ(*redirected_from(redirected("[::1]:15001", "[fd00::1]:80"), kOwn), at("[fd00::1]:80"));
}

TEST(RedirectedFrom, NobodyRedirectedIt) {
  ConnectionInfo untracked;
  untracked.local = at("127.0.0.1:15001");

  EXPECT_EQ(redirected_from(untracked, kOwn).error().reason, Reason::kNotRedirected);
  EXPECT_EQ(redirected_from(redirected("127.0.0.1:15001", "127.0.0.1:15001"), kOwn).error().reason,
            Reason::kNotRedirected);
}

TEST(RedirectedFrom, ToAnotherListenerOfOurOwnWouldGoRoundInCircles) {
  EXPECT_FALSE(redirected_from(redirected("10.0.0.2:15006", "10.0.0.2:15006"), kOwn));
  EXPECT_FALSE(redirected_from(redirected("127.0.0.1:15001", "[::1]:15001"), kOwn));
  EXPECT_FALSE(redirected_from(redirected("127.0.0.1:15001", "127.0.0.1:15006"), kOwn));
}

TEST(RedirectedFrom, AnotherPodsInboundPortIsNotOurs) {
  EXPECT_TRUE(redirected_from(redirected("127.0.0.1:15001", "10.0.0.9:15006"), kOwn));
}

TEST(LocalhostOf, KeepsFamilyAndPort) {
  EXPECT_EQ(localhost_of(at("10.0.0.2:8080")), at("127.0.0.1:8080"));
  EXPECT_EQ(localhost_of(at("[fd00::2]:8080")), at("[::1]:8080"));
}
}  // namespace
}  // namespace heddle
