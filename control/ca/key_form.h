// KeyForm: how the CA's keys are written: as they are, or under the operator's passphrase. What is written once is kept
// sealed for the next file (sealing takes some tenths of a second). Immutable but for that; control loop.
#pragma once
#include "certs/authority.h"

namespace heddle {
class KeyForm {
 public:
  KeyForm() = default;
  explicit KeyForm(Secret passphrase) : passphrase_(std::move(passphrase)) {}
  // read_passphrase() of control/ca/flag_files.h.
  static Result<KeyForm> from_file(const std::string& path);

  KeyForm copy() const { return KeyForm(Secret(passphrase_.view())); }
  bool is_sealed() const noexcept { return !passphrase_.view().empty(); }
  Result<Secret> write(const CertificateAuthority&) const;
  // Takes both forms: a key that was written before there was a passphrase, too.
  Result<CertificateAuthority::Ptr> read(const TrustDomain&, std::string_view certificates, std::string_view key) const;
  // The key's block as it is without a passphrase.
  Result<Secret> plain(std::string_view key) const;
  // Where the key's block begins in text that holds certificates before it; npos: it holds none.
  static size_t find_key(std::string_view text) noexcept;
  static bool holds_plain_key(std::string_view text) noexcept;

 private:
  Secret passphrase_;
  mutable std::string sealed_pin_;  // whose key is kept
  mutable Secret sealed_;
};
}  // namespace heddle
