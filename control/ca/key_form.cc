#include "control/ca/key_form.h"

#include <algorithm>

#include "certs/key_seal.h"
#include "control/ca/flag_files.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPlainStart = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view kSealedStart = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

}  // namespace

Result<KeyForm> KeyForm::from_file(const std::string& path) {
  HEDDLE_TRY(Secret passphrase, read_passphrase(path, "the CA's passphrase"));
  return KeyForm(std::move(passphrase));
}

size_t KeyForm::find_key(std::string_view text) noexcept {
  return std::min(text.find(kPlainStart), text.find(kSealedStart));
}

bool KeyForm::holds_plain_key(std::string_view text) noexcept {
  return text.find(kPlainStart) != std::string_view::npos;
}

Result<Secret> KeyForm::write(const CertificateAuthority& authority) const {
  HEDDLE_TRY(Secret plain, authority.key_pem());
  if (!is_sealed()) return plain;
  if (sealed_pin_ != authority.fingerprint()) {
    HEDDLE_TRY(sealed_, seal_key(plain.view(), passphrase_.view()));
    sealed_pin_ = authority.fingerprint();
  }
  return Secret(sealed_.view());
}

Result<Secret> KeyForm::plain(std::string_view key) const {
  if (!key.starts_with(kSealedStart)) return Secret(key);
  if (!is_sealed()) {
    return make_error(Reason::kConfigInvalid,
                      "the CA's key is encrypted: its passphrase is needed (--ca-passphrase-file)");
  }
  return unseal_key(key, passphrase_.view());
}

Result<CertificateAuthority::Ptr> KeyForm::read(const TrustDomain& domain, std::string_view certificates,
                                                std::string_view key) const {
  HEDDLE_TRY(Secret plain, this->plain(key));
  return CertificateAuthority::from_pem(domain, certificates, plain.view());
}
}  // namespace heddle
