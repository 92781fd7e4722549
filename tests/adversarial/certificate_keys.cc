#include "tests/adversarial/certificate_keys.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <map>
#include <string>

#include "lib/base/assert.h"
#include "lib/base/strings.h"
#include "tests/adversarial/whole_openssl.h"

namespace heddle::adversarial {
namespace {
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpensslDelete<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, OpensslDelete<OSSL_PARAM_free>>;

const std::map<std::string_view, const char*>& curves() {
  static const std::map<std::string_view, const char*> all = {{"p192", "P-192"},
                                                              {"p224", "P-224"},
                                                              {"p256", "P-256"},
                                                              {"p384", "P-384"},
                                                              {"p521", "P-521"},
                                                              {"secp256k1", "secp256k1"},
                                                              {"brainpool", "brainpoolP256r1"}};
  return all;
}

// A number of so many bits, odd, and no more a key than that.
KeyPtr public_rsa(int bits, unsigned long exponent) {
  BignumPtr modulus(BN_new());
  BignumPtr e(BN_new());
  BN_set_word(e.get(), exponent);
  BN_rand(modulus.get(), bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
  ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyContextPtr context(EVP_PKEY_CTX_new_from_name(whole_openssl(), "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get());
  return KeyPtr(made);
}

// P-256, its curve written out in the certificate instead of named.
KeyPtr explicit_curve() {
  KeyPtr key(EVP_PKEY_Q_keygen(whole_openssl(), nullptr, "EC", "P-256"));
  EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT);
  return key;
}

KeyPtr dsa() {
  KeyContextPtr context(EVP_PKEY_CTX_new_from_name(whole_openssl(), "DSA", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_paramgen_init(context.get());
  OSSL_PARAM bits[] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
  size_t size = 1024;
  bits[0] = OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &size);
  EVP_PKEY_CTX_set_params(context.get(), bits);
  EVP_PKEY_paramgen(context.get(), &made);
  KeyPtr parameters(made);
  KeyContextPtr generator(EVP_PKEY_CTX_new_from_pkey(whole_openssl(), parameters.get(), nullptr));
  made = nullptr;
  EVP_PKEY_keygen_init(generator.get());
  EVP_PKEY_keygen(generator.get(), &made);
  return KeyPtr(made);
}

// EVP_PKEY_Q_keygen() does not know it.
KeyPtr ed448() {
  KeyContextPtr context(EVP_PKEY_CTX_new_from_name(whole_openssl(), "ED448", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_keygen(context.get(), &made);
  return KeyPtr(made);
}

KeyPtr key_of(std::string_view kind) {
  auto curve = curves().find(kind);
  if (curve != curves().end()) return KeyPtr(EVP_PKEY_Q_keygen(whole_openssl(), nullptr, "EC", curve->second));
  if (kind == "explicit") return explicit_curve();
  if (kind == "ed25519") return KeyPtr(EVP_PKEY_Q_keygen(whole_openssl(), nullptr, "ED25519"));
  if (kind == "ed448") return ed448();
  if (kind == "dsa") return dsa();
  if (kind == "rsa-e1") return public_rsa(2048, 1);
  if (kind == "rsa-e3") return public_rsa(2048, 3);
  auto bits = kind.starts_with("rsa") ? parse_int<size_t>(kind.substr(3)) : std::nullopt;
  if (!bits) return nullptr;
  if (*bits > 4096) return public_rsa(static_cast<int>(*bits), 65537);
  return KeyPtr(EVP_PKEY_Q_keygen(whole_openssl(), nullptr, "RSA", *bits));
}
}  // namespace

KeyPtr make_key(std::string_view kind) {
  KeyPtr key = key_of(kind);
  HEDDLE_CHECK(key != nullptr);
  return key;
}
}  // namespace heddle::adversarial
