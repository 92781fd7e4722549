#include "certs/digest.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(Sha256, MatchesThePublishedExample) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesAreTheWhole) {
  Sha256 hash;
  hash.update(as_bytes("a"));
  hash.update(as_bytes("bc"));

  EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
}

TEST(Sha256, OneAfterTheOtherHaveNothingInCommon) {
  Sha256Digest first = sha256(as_bytes("abc"));
  Sha256Digest other = sha256(as_bytes("abd"));

  EXPECT_NE(first, other);
  EXPECT_EQ(sha256(as_bytes("abc")), first);
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
}  // namespace
}  // namespace heddle
