// Owning pointers for the OpenSSL types used in certs/, and the text of OpenSSL's error queue. Every OpenSSL object of
// this folder lives in one of these; a raw pointer never owns. lib/tls adds its SSL types on top.
// X509 and EVP_PKEY are shared between threads by reference count once parsed and are never changed afterwards.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.h"

namespace heddle {
template <auto Free>
struct OpensslDelete {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
// sk_X509_pop_free and friends are macros: they need a function of their own.
struct X509StackDelete {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
struct ExtensionsDelete {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const noexcept {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
  }
};

using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDelete<EVP_PKEY_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDelete<PKCS8_PRIV_KEY_INFO_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDelete<X509_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), X509StackDelete>;
using X509ReqPtr = std::unique_ptr<X509_REQ, OpensslDelete<X509_REQ_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslDelete<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpensslDelete<X509_STORE_CTX_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDelete<X509_EXTENSION_free>>;
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsDelete>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslDelete<GENERAL_NAMES_free>>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, OpensslDelete<GENERAL_NAME_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDelete<BIO_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, OpensslDelete<BN_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, OpensslDelete<ASN1_TIME_free>>;

using X509Shared = std::shared_ptr<X509>;
// Leaf first, then its issuers upwards; the root is not part of it.
using CertChain = std::vector<X509Shared>;

// Drains this thread's OpenSSL error queue; "unknown OpenSSL error" when it is empty.
std::string openssl_error();

// The DER of anything with an i2d function; empty when encoding fails.
template <class T, class Encode>
std::string to_der(const T* object, Encode encode) {
  int size = encode(object, nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  encode(object, &out);
  return der;
}

// Decodes DER strictly: the whole input must be one object; nullptr otherwise, with an empty error queue.
template <class Ptr, class Decode>
Ptr from_der(std::string_view der, Decode decode) {
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = in + der.size();
  Ptr object(decode(nullptr, &in, static_cast<long>(der.size())));
  if (object == nullptr) ERR_clear_error();
  return in == end ? std::move(object) : nullptr;
}
}  // namespace heddle
