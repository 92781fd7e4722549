#include "certs/peer_certificate.h"

#include <algorithm>
#include <ctime>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, OpensslDelete<ASN1_BIT_STRING_free>>;
using UsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpensslDelete<EXTENDED_KEY_USAGE_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, OpensslDelete<BASIC_CONSTRAINTS_free>>;

constexpr size_t kMaxSubject = 512;

Error invalid(std::string detail) { return make_error(Reason::kPeerCertificateInvalid, std::move(detail)); }

// Decodes one extension. Absent is a null pointer with kAbsent; malformed or twice is an error.
template <class Ptr>
Result<Criticality> extension(const X509* certificate, int nid, Ptr& out) {
  int critical = 0;
  out.reset(static_cast<typename Ptr::pointer>(X509_get_ext_d2i(certificate, nid, &critical, nullptr)));
  ERR_clear_error();
  if (critical == -1) return Criticality::kAbsent;
  if (critical == -2) return invalid(str_cat("the extension ", OBJ_nid2sn(nid), " appears twice"));
  if (out == nullptr) return invalid(str_cat("the extension ", OBJ_nid2sn(nid), " cannot be decoded"));
  return critical > 0 ? Criticality::kCritical : Criticality::kNotCritical;
}

std::string subject_of(const X509* certificate) {
  BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr) return {};
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, std::min(static_cast<size_t>(std::max(size, 0L)), kMaxSubject)};
}
}  // namespace

WallTime to_wall_time(const ASN1_TIME* time) {
  constexpr int64_t kLimit = 9'000'000'000;  // seconds that fit into nanoseconds of 64 bits
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallTime(std::chrono::seconds(-kLimit));
  int64_t seconds = std::clamp<int64_t>(timegm(&parts), -kLimit, kLimit);
  return WallTime(std::chrono::seconds(seconds));
}

std::string fingerprint_of(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return to_hex({reinterpret_cast<const std::byte*>(digest), size});
}

std::string serial_of(const X509* certificate) {
  BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (number == nullptr) return {};
  std::string raw(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(raw.data()));
  return str_cat(BN_is_negative(number.get()) ? "-" : "", to_hex(as_bytes(raw)));
}

Result<PeerCertificate> PeerCertificate::from_x509(const X509* certificate) {
  PeerCertificate peer;
  auto names = heddle::subject_names(certificate);
  if (!names) return invalid(std::move(names).error().detail);
  peer.names_ = *std::move(names);
  HEDDLE_CHECK_OK(peer.read_usage(certificate));
  HEDDLE_CHECK_OK(peer.read_extended_usage(certificate));
  HEDDLE_CHECK_OK(peer.read_constraints(certificate));
  peer.serial_ = serial_of(certificate);
  peer.fingerprint_ = fingerprint_of(certificate);
  peer.subject_ = subject_of(certificate);
  peer.not_before_ = to_wall_time(X509_get0_notBefore(certificate));
  peer.not_after_ = to_wall_time(X509_get0_notAfter(certificate));
  peer.read_id();
  return peer;
}

void PeerCertificate::read_id() {
  auto id = only_spiffe_id(names_);
  if (id) {
    id_ = *std::move(id);
  } else {
    id_problem_ = std::move(id).error().detail;
  }
}

Result<void> PeerCertificate::read_usage(const X509* certificate) {
  BitStringPtr bits;
  HEDDLE_TRY(key_usage_criticality_, extension(certificate, NID_key_usage, bits));
  if (bits == nullptr) return {};
  for (int bit = 0; bit <= static_cast<int>(KeyUse::kDecipherOnly); ++bit) {
    if (ASN1_BIT_STRING_get_bit(bits.get(), bit) == 1) key_usage_.set(static_cast<KeyUse>(bit));
  }
  return {};
}

Result<void> PeerCertificate::read_extended_usage(const X509* certificate) {
  UsagePtr usages;
  HEDDLE_CHECK_OK(extension(certificate, NID_ext_key_usage, usages));
  if (usages == nullptr) return {};
  Flags<ExtendedKeyUse> flags;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
    flags.set(nid == NID_server_auth   ? ExtendedKeyUse::kServerAuth
              : nid == NID_client_auth ? ExtendedKeyUse::kClientAuth
                                       : ExtendedKeyUse::kOther);
  }
  extended_key_usage_ = flags;
  return {};
}

Result<void> PeerCertificate::read_constraints(const X509* certificate) {
  ConstraintsPtr constraints;
  HEDDLE_CHECK_OK(extension(certificate, NID_basic_constraints, constraints));
  is_ca_ = constraints != nullptr && constraints->ca != 0;
  return {};
}
}  // namespace heddle
