#include "certs/certificate_builder.h"

#include <array>

#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
const unsigned char* raw(const std::byte* data) { return reinterpret_cast<const unsigned char*>(data); }
}  // namespace

Asn1TimePtr to_asn1_time(WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time.since_epoch()).count();
  return Asn1TimePtr(ASN1_TIME_set(nullptr, static_cast<time_t>(seconds)));
}

CertificateBuilder::CertificateBuilder() : certificate_(X509_new()) {
  constexpr long kVersion3 = 2;
  check(certificate_ != nullptr && X509_set_version(get(), kVersion3) == 1, "version");
}

CertificateBuilder& CertificateBuilder::check(bool good, const char* step) {
  if (!good && !failed_) failed_ = make_error(Reason::kInternal, str_cat("certificate ", step, ": ", openssl_error()));
  return *this;
}

CertificateBuilder& CertificateBuilder::serial(Bytes number) {
  if (failed_) return *this;
  BignumPtr value(BN_bin2bn(raw(number.data()), static_cast<int>(number.size()), nullptr));
  bool good = value != nullptr && BN_to_ASN1_INTEGER(value.get(), X509_get_serialNumber(get())) != nullptr;
  return check(good, "serial");
}

CertificateBuilder& CertificateBuilder::random_serial() {
  std::array<std::byte, 16> number{};
  secure_random(number);
  return serial(number);
}

CertificateBuilder& CertificateBuilder::validity(WallTime not_before, WallTime not_after) {
  if (failed_) return *this;
  Asn1TimePtr from = to_asn1_time(not_before);
  Asn1TimePtr until = to_asn1_time(not_after);
  bool good = from != nullptr && until != nullptr && X509_set1_notBefore(get(), from.get()) == 1 &&
              X509_set1_notAfter(get(), until.get()) == 1;
  return check(good, "validity");
}

CertificateBuilder& CertificateBuilder::public_key(const EVP_PKEY* key) {
  if (failed_) return *this;
  return check(X509_set_pubkey(get(), const_cast<EVP_PKEY*>(key)) == 1, "public key");
}

CertificateBuilder& CertificateBuilder::issuer(const X509_NAME* name) {
  if (failed_) return *this;
  return check(X509_set_issuer_name(get(), name) == 1, "issuer");
}

CertificateBuilder& CertificateBuilder::subject(const char* field, std::string_view value) {
  if (failed_) return *this;
  X509_NAME* name = X509_get_subject_name(get());
  const auto* text = reinterpret_cast<const unsigned char*>(value.data());
  int size = static_cast<int>(value.size());
  return check(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, text, size, -1, 0) == 1, "subject");
}

CertificateBuilder& CertificateBuilder::names(const SubjectNames& names) {
  if (failed_) return *this;
  auto made = to_extension(names);
  if (!made) {
    failed_ = std::move(made).error();
    return *this;
  }
  return check(X509_add_ext(get(), made->get(), -1) == 1, "names");
}

CertificateBuilder& CertificateBuilder::extension(int nid, const char* value) {
  if (failed_) return *this;
  ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  return check(made != nullptr && X509_add_ext(get(), made.get(), -1) == 1, "extension");
}

CertificateBuilder& CertificateBuilder::key_identifiers(const X509* issuer) {
  if (failed_) return *this;
  X509V3_CTX context;
  auto* signer = issuer == nullptr ? get() : const_cast<X509*>(issuer);
  X509V3_set_ctx(&context, signer, get(), nullptr, nullptr, 0);
  // The subject's comes first: a self-signed certificate's authority key identifier copies it.
  for (auto [nid, value] :
       {std::pair(NID_subject_key_identifier, "hash"), std::pair(NID_authority_key_identifier, "keyid:always")}) {
    ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    check(made != nullptr && X509_add_ext(get(), made.get(), -1) == 1, "key identifiers");
  }
  return *this;
}

Result<X509Shared> CertificateBuilder::sign(const PrivateKey& key) {
  if (!failed_) check(X509_sign(get(), key.raw(), key.digest()) > 0, "signature");
  if (failed_) return *std::move(failed_);
  // What was built field by field is decoded again: the certificate handed out is the one others will read.
  std::string der = to_der(certificate_.get(), i2d_X509);
  auto decoded = from_der<X509Ptr>(der, d2i_X509);
  if (decoded == nullptr) return make_error(Reason::kInternal, "the signed certificate cannot be decoded");
  return X509Shared(std::move(decoded));
}
}  // namespace heddle
