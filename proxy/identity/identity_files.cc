#include "proxy/identity/identity_files.h"

#include <sys/stat.h>

#include "certs/federated_bundle.h"
#include "certs/jwks.h"
#include "certs/limits.h"
#include "certs/verify.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "proxy/identity/federated_roots.h"

namespace heddle {
namespace {
struct Texts {
  std::string certificate;
  Secret key;
  std::string bundle;
};

// Names the field beside the file, which file errors name already.
Error of_field(std::string_view field, const std::string& path, Error error) {
  bool named = error.detail.find(path) != std::string::npos;
  return std::move(error).within(named ? str_cat("identity.", field) : str_cat("identity.", field, ": ", path));
}

Result<std::string> read_field(std::string_view field, const std::string& path, size_t limit) {
  auto text = read_file(path, limit);
  if (!text) return of_field(field, path, std::move(text).error());
  return text;
}

Result<Texts> read_all(const IdentityFiles& files) {
  Texts texts;
  HEDDLE_TRY(texts.certificate, read_field("certificate", files.certificate, kMaxChainPem));
  HEDDLE_TRY(std::string key, read_field("key", files.key, kMaxKeyPem));
  texts.key = Secret::take(key);
  HEDDLE_TRY(texts.bundle, read_field("bundle", files.bundle, kMaxBundle));
  return texts;
}

Sha256Digest digest_of(const Texts& texts) {
  Sha256 hash;
  for (std::string_view part :
       {std::string_view(texts.certificate), texts.key.view(), std::string_view(texts.bundle)}) {
    hash.update(sha256(as_bytes(part)));
  }
  return hash.finish();
}

Result<DomainRoots::Ptr> parse_bundle(const TrustDomain& domain, std::string_view text) {
  return text.starts_with('{') ? parse_jwks(domain, text) : DomainRoots::parse_pem(domain, text);
}

Result<DomainRoots::Ptr> read_federated_file(const FederatedFile& file, const TrustDomain& own) {
  if (file.domain == own) return make_error(Reason::kConfigInvalid, "is our own trust domain: see identity.bundle");
  HEDDLE_TRY(std::string text, read_file(file.bundle, kMaxBundle));
  auto roots = parse_bundle(file.domain, text);
  if (!roots) return std::move(roots).error().within(file.bundle);
  HEDDLE_TRY(std::string json, to_jwks(**roots));
  auto judged = parse_federated_bundle(file.domain, json);  // by the rules for what a control plane says
  if (!judged) return std::move(judged).error().within(file.bundle);
  return judged->roots;
}

// A copy: `in_use` belongs to an identity that goes.
Result<DomainRoots::Ptr> kept_roots(const TrustBundle* in_use, const TrustDomain& domain) {
  const DomainRoots* held = in_use == nullptr ? nullptr : in_use->find(domain);
  if (held == nullptr) return make_error(Reason::kNotFound, "");
  return DomainRoots::create(domain, held->certificates(), held->notes());
}

FederatedRoots read_federated_files(const IdentityFiles& files, const TrustDomain& own, const TrustBundle* in_use) {
  FederatedRoots out;
  for (size_t i = 0; i < files.federated.size(); ++i) {
    const FederatedFile& file = files.federated[i];
    auto roots = read_federated_file(file, own);
    auto used = roots ? roots : kept_roots(in_use, file.domain);
    if (used && file.domain != own) out.roots.push_back(*used);
    if (roots) continue;
    std::string_view stays = used ? "; the roots in use stay" : "; the domain is left out";
    out.refused.push_back(
        str_cat("trust.federated[", std::to_string(i), "] (", file.domain.name(), "): ", roots.error().detail, stays));
  }
  return out;
}
}  // namespace

std::vector<std::string> paths_of(const IdentityFiles& files) {
  std::vector<std::string> out = {files.certificate, files.key, files.bundle};
  for (const FederatedFile& file : files.federated) out.push_back(file.bundle);
  return out;
}

Result<LoadedIdentity> load_identity_files(const IdentityFiles& files, WallTime now, const TrustBundle* in_use) {
  HEDDLE_TRY(Texts texts, read_all(files));
  auto key = PrivateKey::from_pem(texts.key.view());
  if (!key) return of_field("key", files.key, std::move(key).error());
  auto svid = Svid::from_pem(texts.certificate, texts.key.view());
  if (!svid) return of_field("certificate", files.certificate, std::move(svid).error());
  auto roots = parse_bundle(svid->id.trust_domain(), texts.bundle);
  if (!roots) return of_field("bundle", files.bundle, std::move(roots).error());
  const TrustDomain own = svid->id.trust_domain();
  FederatedRoots federated = read_federated_files(files, own, in_use);
  auto bundle = bundle_with(*std::move(roots), federated.roots);
  auto verified = verify_peer(svid->chain, *bundle, now);
  if (!verified) return of_field("certificate", files.certificate, std::move(verified).error());
  LoadedIdentity loaded;
  loaded.content = digest_of(texts);
  loaded.federated = federated_digest(*bundle, own);
  loaded.refused = std::move(federated.refused);
  HEDDLE_TRY(loaded.identity, TlsIdentity::create({std::make_shared<const Svid>(*std::move(svid)), bundle}));
  return loaded;
}

std::string stat_fingerprint(const std::vector<std::string>& paths) {
  std::string out;
  for (const std::string& path : paths) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      out += "-;";
      continue;
    }
    out +=
        str_cat(std::to_string(status.st_dev), ".", std::to_string(status.st_ino), ".", std::to_string(status.st_size),
                ".", std::to_string(status.st_mtim.tv_sec), ".", std::to_string(status.st_mtim.tv_nsec), ";");
  }
  return out;
}
}  // namespace heddle
