#include "certs/key_seal.h"

#include <openssl/pkcs12.h>

#include "certs/limits.h"
#include "certs/openssl.h"
#include "certs/pem.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using LibraryPtr = std::unique_ptr<OSSL_LIB_CTX, OpensslDelete<OSSL_LIB_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDelete<EVP_CIPHER_free>>;
using SealedPtr = std::unique_ptr<X509_SIG, OpensslDelete<X509_SIG_free>>;

Error failed(std::string_view doing) {
  return make_error(Reason::kInternal, str_cat("cannot ", doing, ": ", openssl_error()));
}
Error bad(std::string_view why) { return make_error(Reason::kConfigInvalid, std::string(why)); }
}  // namespace

Result<Secret> seal_key(std::string_view key, std::string_view passphrase) {
  HEDDLE_TRY(auto blocks, parse_pem(key, kPemPrivateKey, {kMaxKeyPem, 1}));
  auto info = from_der<Pkcs8Ptr>(blocks.front().view(), d2i_PKCS8_PRIV_KEY_INFO);
  if (info == nullptr) return bad("the private key is not unencrypted PKCS#8");
  LibraryPtr library(OSSL_LIB_CTX_new());
  CipherPtr cipher(EVP_CIPHER_fetch(library.get(), "AES-256-CBC", nullptr));
  if (cipher == nullptr) return failed("encrypt the key");
  constexpr int kByCipher = -1;  // PBES2
  SealedPtr sealed(PKCS8_encrypt_ex(kByCipher, cipher.get(), passphrase.data(), static_cast<int>(passphrase.size()),
                                    nullptr, 0, kSealRounds, info.get(), library.get(), nullptr));
  if (sealed == nullptr) return failed("encrypt the key");
  std::string text = to_pem(to_der(sealed.get(), i2d_X509_SIG), kPemSealedKey);
  return Secret::take(text);
}

Result<Secret> unseal_key(std::string_view sealed, std::string_view passphrase) {
  HEDDLE_TRY(auto blocks, parse_pem(sealed, kPemSealedKey, {kMaxKeyPem, 1}));
  auto read = from_der<SealedPtr>(blocks.front().view(), d2i_X509_SIG);
  if (read == nullptr) return bad("not an encrypted private key");
  LibraryPtr library(OSSL_LIB_CTX_new());
  Pkcs8Ptr info(
      PKCS8_decrypt_ex(read.get(), passphrase.data(), static_cast<int>(passphrase.size()), library.get(), nullptr));
  ERR_clear_error();
  if (info == nullptr) return bad("the passphrase does not open the private key");
  std::string der = to_der(info.get(), i2d_PKCS8_PRIV_KEY_INFO);
  Secret plain = Secret::take(der);
  std::string text = to_pem(plain.view(), kPemPrivateKey);
  return Secret::take(text);
}
}  // namespace heddle
