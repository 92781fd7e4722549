#include "control/ca/given_ca.h"

#include <array>

#include "certs/pem.h"
#include "control/ca/flag_files.h"
#include "control/ca/key_store.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kCertFlag = "--ca-cert-file";
constexpr std::string_view kKeyFlag = "--ca-key-file";
constexpr std::string_view kRootFlag = "--ca-root-file";

Result<std::shared_ptr<const PrivateKey>> read_key(const FlagFile& file, const KeyForm& form) {
  HEDDLE_TRY(Secret text, read_flag_key(file, "the CA's key"));
  Result<Secret> plain = form.plain(text.view());
  if (!plain) return of_file(file, std::move(plain).error());
  auto key = PrivateKey::from_pem(plain->view());
  if (!key) return of_file(file, std::move(key).error());
  return key;
}

Result<CertChain> read_chain(const FlagFile& file) {
  HEDDLE_TRY(std::string text, read_flag_file(file, kMaxChainPem));
  auto chain = parse_certificates(text, {kMaxChainPem, kMaxPathLength});
  if (!chain) return of_file(file, std::move(chain).error());
  return chain;
}

Result<DomainRoots::Ptr> read_roots(const FlagFile& file, const TrustDomain& domain) {
  HEDDLE_TRY(std::string text, read_flag_file(file, kMaxBundle));
  auto roots = DomainRoots::parse_pem(domain, text);
  if (!roots) return of_file(file, std::move(roots).error());
  return roots;
}

Result<void> check_fit(const GivenCaFiles& files, const IssuedParts& parts) {
  if (EVP_PKEY_eq(X509_get0_pubkey(parts.chain.front().get()), parts.key->raw()) == 1) return {};
  ERR_clear_error();
  return refused({kKeyFlag, files.key},
                 str_cat("is not the key of the first certificate in ", kCertFlag, " ", files.certificates));
}
}  // namespace

Result<GivenCa> load_given_ca(const GivenCaFiles& files, const TrustDomain& domain, const KeyForm& form,
                              const ExtraNames& names, WallTime now) {
  IssuedParts parts;
  HEDDLE_TRY(parts.roots, read_roots({kRootFlag, files.roots}, domain));
  HEDDLE_TRY(parts.chain, read_chain({kCertFlag, files.certificates}));
  HEDDLE_TRY(parts.key, read_key({kKeyFlag, files.key}, form));
  HEDDLE_CHECK_OK(check_fit(files, parts));
  auto authority = make_issued_authority(parts, now);
  if (!authority) return of_file({kCertFlag, files.certificates}, std::move(authority).error());
  HEDDLE_TRY(SpiffeId own, control_identity(domain));
  Result<void> signs = check_it_signs(**authority, own, names, now);
  if (!signs) return of_file({kCertFlag, files.certificates}, std::move(signs).error());
  return GivenCa{*std::move(authority), std::move(parts.roots)};
}

std::string stat_of(const GivenCaFiles& files) {
  return stamp_of(std::array{files.certificates, files.key, files.roots});
}
}  // namespace heddle
