#include "control/ca/key_form.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "certs/key_seal.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPlainStart = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view kSealedStart = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

Error refused(const std::string& path, std::string_view why) {
  return make_error(Reason::kConfigInvalid, str_cat(path, ": ", why));
}
}  // namespace

Result<KeyForm> KeyForm::from_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return refused(path, std::strerror(errno));
  if ((status.st_mode & 077) != 0) {
    return refused(path, "holds the CA's passphrase and may be read or written by others; its mode must be 0600");
  }
  HEDDLE_TRY(std::string text, read_file(path, kMaxPassphrase + 2));
  Secret all = Secret::take(text);
  std::string_view line = all.view().substr(0, all.view().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (all.view().size() > line.size() + 2) return refused(path, "expected one line");
  if (line.empty()) return refused(path, "holds no passphrase");
  return KeyForm(Secret(line));
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
