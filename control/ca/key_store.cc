#include "control/ca/key_store.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "control/ca/ca_documents.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxFile = kMaxChainPem + kMaxKeyPem;

Error refused(const std::string& path, std::string_view why) {
  return make_error(Reason::kConfigInvalid, str_cat(path, ": ", why));
}

Result<void> check_private(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return make_error(errno == ENOENT ? Reason::kNotFound : Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return refused(path, "is not a regular file");
  if ((status.st_mode & 077) == 0) return {};
  return refused(path, "holds the CA's key and may be read or written by others; its mode must be 0600");
}
}  // namespace

Result<Secret> read_private(const std::string& path, size_t max_bytes) {
  HEDDLE_CHECK_OK(check_private(path));
  HEDDLE_TRY(std::string text, read_file(path, max_bytes));
  return Secret::take(text);
}

Result<CertificateAuthority::Ptr> read_authority(const std::string& path, const TrustDomain& domain,
                                                 const KeyForm& form) {
  HEDDLE_TRY(Secret all, read_private(path, kMaxFile));
  size_t key = KeyForm::find_key(all.view());
  if (key == std::string_view::npos) return refused(path, "holds no private key");
  auto authority = form.read(domain, all.view().substr(0, key), all.view().substr(key));
  if (!authority) return std::move(authority).error().within(path);
  return authority;
}

Result<void> write_authority(const std::string& path, const CertificateAuthority& authority, const KeyForm& form) {
  HEDDLE_TRY(Secret key, form.write(authority));
  Secret all = authority_text(authority, key.view());
  return atomic_write(path, all.view(), kPrivateFile);
}

Result<CertificateAuthority::Ptr> open_authority(const std::string& directory, const TrustDomain& domain, WallTime now,
                                                 const KeyForm& form, Duration lifetime) {
  HEDDLE_CHECK_OK(ensure_private_dir(directory));
  std::string path = str_cat(directory, "/ca.pem");
  auto held = read_authority(path, domain, form);
  if (held || held.error().reason != Reason::kNotFound) return held;
  HEDDLE_TRY(CertificateAuthority::Ptr made, CertificateAuthority::create_root(domain, lifetime, now));
  HEDDLE_CHECK_OK(write_authority(path, *made, form));
  return made;
}

Result<SpiffeId> control_identity(const TrustDomain& domain) {
  return SpiffeId::for_workload(domain, "heddle-system", "heddle-control");
}

Result<Svid> issue_control_svid(const CertificateAuthority& authority, const ExtraNames& names, Duration ttl,
                                WallTime now) {
  HEDDLE_TRY(SpiffeId identity, control_identity(authority.trust_domain()));
  HEDDLE_TRY(std::shared_ptr<const PrivateKey> key, PrivateKey::generate());
  HEDDLE_TRY(Csr csr, Csr::create(*key, identity));
  HEDDLE_TRY(SignedSvid signed_svid, authority.sign(csr, identity, ttl, now, names));
  return Svid::from_pem(signed_svid.chain_pem, std::move(key), signed_svid.issued_at);
}
}  // namespace heddle
