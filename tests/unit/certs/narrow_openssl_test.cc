#include "certs/narrow_openssl.h"

#include <gtest/gtest.h>

#include <openssl/provider.h>

#include "certs/openssl.h"

namespace heddle {
namespace {
using KeyTypePtr = std::unique_ptr<EVP_KEYMGMT, OpensslDelete<EVP_KEYMGMT_free>>;

bool knows_key_type(const char* name) {
  KeyTypePtr type(EVP_KEYMGMT_fetch(nullptr, name, nullptr));
  ERR_clear_error();
  return type != nullptr;
}

// main() of this program has narrowed OpenSSL; all other tests run with it.
TEST(NarrowOpenssl, LeavesTheKeysOfCertificatesAndHandshakes) {
  for (const char* name : {"EC", "ED25519", "RSA", "RSA-PSS", "X25519"}) EXPECT_TRUE(knows_key_type(name)) << name;
}

TEST(NarrowOpenssl, TakesOtherKeysAway) {
  for (const char* name : {"DSA", "DH", "DHX", "SM2", "X448", "ED448"}) EXPECT_FALSE(knows_key_type(name)) << name;
}

TEST(NarrowOpenssl, TakesOldDigestsAndCiphersAway) {
  EXPECT_EQ(EVP_MD_fetch(nullptr, "MD5", nullptr), nullptr);
  EXPECT_EQ(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr), nullptr);
  ERR_clear_error();
}

TEST(NarrowOpenssl, IsTheOnlyProvider) {
  EXPECT_EQ(OSSL_PROVIDER_available(nullptr, "heddle"), 1);
  EXPECT_EQ(OSSL_PROVIDER_available(nullptr, "default"), 0);
}

TEST(NarrowOpenssl, HappensOnce) { EXPECT_TRUE(narrow_openssl().has_value()); }
}  // namespace
}  // namespace heddle
