// PeerCertificate: what one certificate says, parsed once and immutable; travels as shared_ptr<const PeerCertificate>
// in ConnectionInfo, on any thread. It holds no OpenSSL object. Having one means only that it parses: verify_peer()
// (certs/verify.h) is what makes it an identity. Names are raw bytes and may hold anything, NUL included.
#pragma once
#include <optional>

#include "certs/openssl.h"
#include "certs/spiffe_id.h"
#include "certs/subject_names.h"
#include "lib/base/clock.h"
#include "lib/base/flags.h"

namespace heddle {
// Bit positions of RFC 5280 §4.2.1.3.
enum class KeyUse : uint8_t {
  kDigitalSignature = 0,
  kContentCommitment,
  kKeyEncipherment,
  kDataEncipherment,
  kKeyAgreement,
  kKeyCertSign,
  kCrlSign,
  kEncipherOnly,
  kDecipherOnly
};
enum class ExtendedKeyUse : uint8_t { kServerAuth, kClientAuth, kOther };
enum class Criticality : uint8_t { kAbsent, kNotCritical, kCritical };

class PeerCertificate {
 public:
  // Fails with kPeerCertificateInvalid when an extension read here is malformed or appears twice.
  static Result<PeerCertificate> from_x509(const X509*);

  // The id when there is exactly one URI name and it is a valid SPIFFE id.
  const std::optional<SpiffeId>& spiffe_id() const noexcept { return id_; }
  // Why spiffe_id() is empty.
  const std::string& spiffe_id_problem() const noexcept { return id_problem_; }
  const SubjectNames& names() const noexcept { return names_; }
  const std::vector<std::string>& uri_sans() const noexcept { return names_.uris; }
  const std::string& serial() const noexcept { return serial_; }            // lower-case hex
  const std::string& fingerprint() const noexcept { return fingerprint_; }  // SHA-256 of the DER, lower-case hex
  const std::string& subject() const noexcept { return subject_; }          // RFC 2253, escaped; "" when empty
  // Of a peer that was verified: the SHA-256 of the root that vouched for it (lower-case hex); else empty.
  const std::string& root() const noexcept { return root_; }
  void set_root(std::string pin) { root_ = std::move(pin); }
  WallTime not_before() const noexcept { return not_before_; }
  WallTime not_after() const noexcept { return not_after_; }
  bool is_ca() const noexcept { return is_ca_; }
  Criticality key_usage_criticality() const noexcept { return key_usage_criticality_; }
  Flags<KeyUse> key_usage() const noexcept { return key_usage_; }
  // nullopt when the extension is absent.
  const std::optional<Flags<ExtendedKeyUse>>& extended_key_usage() const noexcept { return extended_key_usage_; }

 private:
  PeerCertificate() = default;
  Result<void> read_usage(const X509*);
  Result<void> read_extended_usage(const X509*);
  Result<void> read_constraints(const X509*);
  void read_id();

  std::optional<SpiffeId> id_;
  std::string id_problem_;
  SubjectNames names_;
  std::string serial_;
  std::string fingerprint_;
  std::string subject_;
  std::string root_;
  WallTime not_before_;
  WallTime not_after_;
  bool is_ca_ = false;
  Criticality key_usage_criticality_ = Criticality::kAbsent;
  Flags<KeyUse> key_usage_;
  std::optional<Flags<ExtendedKeyUse>> extended_key_usage_;
};

// Seconds of an ASN.1 time as WallTime; years a WallTime cannot hold are cut to its ends (1684, 2255).
WallTime to_wall_time(const ASN1_TIME*);
// SHA-256 of the DER as lower-case hex.
std::string fingerprint_of(const X509*);
std::string serial_of(const X509*);
}  // namespace heddle
