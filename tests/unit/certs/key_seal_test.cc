#include "certs/key_seal.h"

#include <gtest/gtest.h>

#include "certs/private_key.h"

namespace heddle {
namespace {
TEST(KeySeal, OpensWithItsPassphraseAlone) {
  Secret key = *(*PrivateKey::generate())->to_pem();

  Result<Secret> sealed = seal_key(key.view(), "correct horse");
  ASSERT_TRUE(sealed.has_value()) << sealed.error().text();

  EXPECT_TRUE(sealed->view().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_EQ(unseal_key(sealed->view(), "correct horse")->view(), key.view());
  for (std::string_view wrong : {"", "Correct horse", "correct horse "}) {
    Result<Secret> opened = unseal_key(sealed->view(), wrong);
    ASSERT_FALSE(opened.has_value()) << wrong;
    EXPECT_EQ(opened.error().detail, "the passphrase does not open the private key");
  }
}

TEST(KeySeal, TheSameKeyIsNeverSealedTheSameWay) {
  Secret key = *(*PrivateKey::generate())->to_pem();

  EXPECT_NE(seal_key(key.view(), "a")->view(), seal_key(key.view(), "a")->view());
}

TEST(KeySeal, RefusesWhatIsNoKey) {
  EXPECT_FALSE(seal_key("", "a").has_value());
  EXPECT_FALSE(unseal_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "a"));
}
}  // namespace
}  // namespace heddle
