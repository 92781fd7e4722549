#include "certs/private_key.h"

#include <openssl/core_names.h>

#include "certs/limits.h"
#include "certs/pem.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

Result<void> check_curve(const EVP_PKEY* key) {
  char name[64] = {};
  size_t size = 0;
  int by_parameters = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), &size) != 1) return bad("the key's curve has no name");
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &by_parameters);
  if (by_parameters != 0) return bad("the key's curve is given by parameters, not by name");
  std::string_view curve(name, size);
  if (curve != "prime256v1" && curve != "secp384r1") {
    return bad(str_cat("the key's curve is ", curve, ", allowed are P-256 and P-384"));
  }
  // Quick: on the curve and not infinity; the full check multiplies by the order, which says nothing more for a
  // curve of cofactor 1 and would double the cost of a handshake.
  KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, const_cast<EVP_PKEY*>(key), nullptr));
  if (context == nullptr || EVP_PKEY_public_check_quick(context.get()) != 1) {
    ERR_clear_error();
    return bad("the key's point is not on its curve");
  }
  return {};
}

Result<void> check_rsa(const EVP_PKEY* key) {
  constexpr unsigned long kMinExponent = 65537;
  int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return bad(str_cat("the RSA key has ", std::to_string(bits), " bits, allowed are 2048 to 4096"));
  }
  BIGNUM* raw = nullptr;
  int found = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw);
  BignumPtr exponent(raw);
  // BN_get_word is all ones for what does not fit: a huge exponent makes verification expensive.
  if (found != 1 || BN_get_word(raw) < kMinExponent || BN_num_bits(raw) > 33) {
    return bad("the RSA key's exponent is not between 65537 and 2^33");
  }
  return {};
}
}  // namespace

Result<void> check_key_allowed(const EVP_PKEY* key) {
  if (key == nullptr) {
    ERR_clear_error();  // whoever asked for the key left it there, for the next TLS call of this thread to stumble over
    return bad("the public key cannot be decoded");
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) return check_curve(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1) return check_rsa(key);
  const char* name = EVP_PKEY_get0_type_name(key);
  return bad(str_cat("the key is ", name == nullptr ? "of an unknown kind" : name, ", allowed are EC and RSA"));
}

Result<std::shared_ptr<const PrivateKey>> PrivateKey::wrap(KeyPtr key) {
  HEDDLE_CHECK_OK(check_key_allowed(key.get()));
  return std::shared_ptr<const PrivateKey>(std::make_shared<PrivateKey>(Access{}, std::move(key)));
}

Result<std::shared_ptr<const PrivateKey>> PrivateKey::generate() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (key == nullptr) return make_error(Reason::kInternal, str_cat("cannot make a key: ", openssl_error()));
  return wrap(std::move(key));
}

Result<std::shared_ptr<const PrivateKey>> PrivateKey::from_der(std::string_view pkcs8) {
  if (pkcs8.size() > kMaxKeyPem) return make_error(Reason::kTooLarge, "the private key is larger than 16 KiB");
  auto info = heddle::from_der<Pkcs8Ptr>(pkcs8, d2i_PKCS8_PRIV_KEY_INFO);
  if (info == nullptr) return bad("the private key is not unencrypted PKCS#8");
  KeyPtr key(EVP_PKCS82PKEY(info.get()));
  if (key == nullptr) return bad(str_cat("the private key cannot be decoded: ", openssl_error()));
  return wrap(std::move(key));
}

Result<std::shared_ptr<const PrivateKey>> PrivateKey::from_pem(std::string_view pem) {
  HEDDLE_TRY(auto blocks, parse_pem(pem, kPemPrivateKey, {kMaxKeyPem, 1}));
  return from_der(blocks.front().view());
}

Result<Secret> PrivateKey::to_der() const {
  Pkcs8Ptr info(EVP_PKEY2PKCS8(key_.get()));
  if (info == nullptr) return make_error(Reason::kInternal, str_cat("cannot encode the key: ", openssl_error()));
  std::string der = heddle::to_der(info.get(), i2d_PKCS8_PRIV_KEY_INFO);
  return Secret::take(der);
}

Result<Secret> PrivateKey::to_pem() const {
  HEDDLE_TRY(auto der, to_der());
  std::string pem = heddle::to_pem(der.view(), kPemPrivateKey);
  return Secret::take(pem);
}

const EVP_MD* PrivateKey::digest() const noexcept {
  return EVP_PKEY_is_a(key_.get(), "EC") == 1 && EVP_PKEY_get_bits(key_.get()) > 256 ? EVP_sha384() : EVP_sha256();
}
}  // namespace heddle
