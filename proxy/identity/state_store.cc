#include "proxy/identity/state_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "certs/jwks.h"
#include "certs/limits.h"
#include "certs/verify.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "proxy/identity/federated_roots.h"

namespace heddle {
namespace {
constexpr std::string_view kSvidFile = "svid.pem";
constexpr std::string_view kKeyFile = "svid.key";
constexpr std::string_view kNextKeyFile = "svid.key.next";
constexpr std::string_view kBundleFile = "bundle.json";
constexpr std::string_view kFederatedFile = "federated.json";
}  // namespace

Result<Secret> read_private_file(const std::string& path, size_t max_bytes) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    Reason reason = errno == ENOENT ? Reason::kNotFound : Reason::kIo;
    return make_error(reason, str_cat(path, ": cannot look at: ", std::strerror(errno)));
  }
  if ((status.st_mode & 077) != 0) {
    return make_error(Reason::kIo, str_cat(path, ": is open to other users; expected mode 0600"));
  }
  HEDDLE_TRY(std::string text, read_file(path, max_bytes));
  return Secret::take(text);
}

std::string StateStore::path(std::string_view file) const { return str_cat(directory_, "/", file); }

Result<StateStore> StateStore::open(std::string directory) {
  HEDDLE_CHECK_OK(ensure_private_dir(directory));
  return StateStore(std::move(directory));
}

Result<void> StateStore::save(const StoredIdentity& identity) const {
  HEDDLE_TRY(std::string bundle, to_jwks(*identity.roots));
  HEDDLE_TRY(Secret key, identity.svid.key_pem());
  HEDDLE_CHECK_OK(save_federated(identity.federated));
  HEDDLE_CHECK_OK(atomic_write(path(kBundleFile), bundle, kPrivateFile));
  HEDDLE_CHECK_OK(atomic_write(path(kNextKeyFile), key.view(), kPrivateFile));
  HEDDLE_CHECK_OK(atomic_write(path(kSvidFile), identity.svid.chain_pem(), kPrivateFile));
  if (std::rename(path(kNextKeyFile).c_str(), path(kKeyFile).c_str()) != 0) {
    return make_error(Reason::kIo, str_cat(path(kKeyFile), ": cannot rename to: ", std::strerror(errno)));
  }
  return {};
}

Result<void> StateStore::save_federated(const std::vector<DomainRoots::Ptr>& domains) const {
  if (domains.empty()) return remove_file(path(kFederatedFile));
  HEDDLE_TRY(std::string map, to_bundle_map(domains));
  return atomic_write(path(kFederatedFile), map, kPrivateFile);
}

Result<std::vector<DomainRoots::Ptr>> StateStore::load_federated(const TrustDomain& own) const {
  auto json = read_file(path(kFederatedFile), kMaxBundle);
  if (!json && json.error().reason == Reason::kNotFound) return std::vector<DomainRoots::Ptr>();
  if (!json) return std::move(json).error();
  auto map = parse_bundle_map(*json);
  if (!map) return std::move(map).error().within(path(kFederatedFile));
  if (map->find(own) == nullptr) return federated_in(std::make_shared<const TrustBundle>(*std::move(map)), own);
  return make_error(Reason::kConfigInvalid, str_cat(path(kFederatedFile), ": names our own trust domain"));
}

// The certificate decides which of the two keys is the current one.
Result<Svid> StateStore::load_svid() const {
  HEDDLE_TRY(std::string chain, read_file(path(kSvidFile), kMaxChainPem));
  Result<Secret> key = read_private_file(path(kKeyFile), kMaxKeyPem);
  auto svid = key ? Svid::from_pem(chain, key->view()) : Result<Svid>(std::move(key).error());
  if (svid) return svid;
  Result<Secret> next = read_private_file(path(kNextKeyFile), kMaxKeyPem);
  if (!next) return std::move(svid).error().within(path(kSvidFile));
  auto second = Svid::from_pem(chain, next->view());
  if (second) return second;
  return std::move(svid).error().within(path(kSvidFile));
}

Result<StoredIdentity> StateStore::load(const SpiffeId& expected, WallTime now) const {
  HEDDLE_TRY(Svid svid, load_svid());
  if (svid.id != expected) {
    return make_error(Reason::kConfigInvalid,
                      str_cat(path(kSvidFile), ": is of ", svid.id.text(), ", expected ", expected.text()));
  }
  HEDDLE_TRY(std::string json, read_file(path(kBundleFile), kMaxBundle));
  auto roots = parse_jwks(expected.trust_domain(), json);
  if (!roots) return std::move(roots).error().within(path(kBundleFile));
  TrustBundle bundle;
  bundle.replace(*roots);
  auto verified = verify_peer(svid.chain, bundle, now);
  if (!verified) return std::move(verified).error().within(path(kSvidFile));
  // Our authority backdates by kBackdate: rotation counts from the real time of issue.
  svid.issued_at = std::min(svid.not_before + kBackdate, std::max(now, svid.not_before));
  StoredIdentity stored{std::move(svid), *std::move(roots)};
  auto federated = load_federated(expected.trust_domain());
  if (!federated) stored.federated_problem = federated.error().text();
  if (federated) stored.federated = *std::move(federated);
  return stored;
}
}  // namespace heddle
