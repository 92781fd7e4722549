#include "control/ca/given_ca.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "certs/pem.h"
#include "control/ca/key_store.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kCertFlag = "--ca-cert-file";
constexpr std::string_view kKeyFlag = "--ca-key-file";
constexpr std::string_view kRootFlag = "--ca-root-file";

// Names flag and file once, whatever the error names already.
Error of_file(std::string_view flag, const std::string& path, Error error) {
  error.reason = Reason::kConfigInvalid;
  bool is_named = error.detail.find(path) != std::string::npos;
  return std::move(error).within(is_named ? std::string(flag) : str_cat(flag, " ", path));
}

Error refused(std::string_view flag, const std::string& path, std::string_view why) {
  return make_error(Reason::kConfigInvalid, str_cat(flag, " ", path, ": ", why));
}

Result<std::string> read_public(std::string_view flag, const std::string& path, size_t limit) {
  Result<std::string> text = read_file(path, limit);
  if (!text) return of_file(flag, path, std::move(text).error());
  return text;
}

// A link to a file that is closed to others will do: so mounted secrets are.
Result<Secret> read_key_text(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return refused(kKeyFlag, path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refused(kKeyFlag, path, "is not a regular file");
  if ((status.st_mode & 077) != 0) {
    return refused(kKeyFlag, path, "holds the CA's key and may be read or written by others; its mode must be 0600");
  }
  HEDDLE_TRY(std::string text, read_public(kKeyFlag, path, kMaxKeyPem));
  return Secret::take(text);
}

Result<std::shared_ptr<const PrivateKey>> read_key(const std::string& path, const KeyForm& form) {
  HEDDLE_TRY(Secret text, read_key_text(path));
  Result<Secret> plain = form.plain(text.view());
  if (!plain) return of_file(kKeyFlag, path, std::move(plain).error());
  auto key = PrivateKey::from_pem(plain->view());
  if (!key) return of_file(kKeyFlag, path, std::move(key).error());
  return key;
}

Result<CertChain> read_chain(const std::string& path) {
  HEDDLE_TRY(std::string text, read_public(kCertFlag, path, kMaxChainPem));
  auto chain = parse_certificates(text, {kMaxChainPem, kMaxPathLength});
  if (!chain) return of_file(kCertFlag, path, std::move(chain).error());
  return chain;
}

Result<DomainRoots::Ptr> read_roots(const std::string& path, const TrustDomain& domain) {
  HEDDLE_TRY(std::string text, read_public(kRootFlag, path, kMaxBundle));
  auto roots = DomainRoots::parse_pem(domain, text);
  if (!roots) return of_file(kRootFlag, path, std::move(roots).error());
  return roots;
}

Result<void> check_fit(const GivenCaFiles& files, const IssuedParts& parts) {
  if (EVP_PKEY_eq(X509_get0_pubkey(parts.chain.front().get()), parts.key->raw()) == 1) return {};
  ERR_clear_error();
  return refused(kKeyFlag, files.key,
                 str_cat("is not the key of the first certificate in ", kCertFlag, " ", files.certificates));
}
}  // namespace

Result<GivenCa> load_given_ca(const GivenCaFiles& files, const TrustDomain& domain, const KeyForm& form,
                              const ExtraNames& names, WallTime now) {
  IssuedParts parts;
  HEDDLE_TRY(parts.roots, read_roots(files.roots, domain));
  HEDDLE_TRY(parts.chain, read_chain(files.certificates));
  HEDDLE_TRY(parts.key, read_key(files.key, form));
  HEDDLE_CHECK_OK(check_fit(files, parts));
  auto authority = make_issued_authority(parts, now);
  if (!authority) return of_file(kCertFlag, files.certificates, std::move(authority).error());
  HEDDLE_TRY(SpiffeId own, control_identity(domain));
  Result<void> signs = check_it_signs(**authority, own, names, now);
  if (!signs) return of_file(kCertFlag, files.certificates, std::move(signs).error());
  return GivenCa{*std::move(authority), std::move(parts.roots)};
}

std::string stat_of(const GivenCaFiles& files) {
  std::string out;
  for (const std::string& path : {files.certificates, files.key, files.roots}) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      out += "-;";
      continue;
    }
    out += str_cat(std::to_string(status.st_ino), ".", std::to_string(status.st_size), ".",
                   std::to_string(status.st_mtim.tv_sec), ".", std::to_string(status.st_mtim.tv_nsec), ".",
                   std::to_string(status.st_ctim.tv_nsec), ";");
  }
  return out;
}
}  // namespace heddle
