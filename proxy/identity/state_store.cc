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

namespace heddle {
namespace {
constexpr std::string_view kSvidFile = "svid.pem";
constexpr std::string_view kKeyFile = "svid.key";
constexpr std::string_view kNextKeyFile = "svid.key.next";
constexpr std::string_view kBundleFile = "bundle.json";
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
  HEDDLE_CHECK_OK(atomic_write(path(kBundleFile), bundle, kPrivateFile));
  HEDDLE_CHECK_OK(atomic_write(path(kNextKeyFile), key.view(), kPrivateFile));
  HEDDLE_CHECK_OK(atomic_write(path(kSvidFile), identity.svid.chain_pem(), kPrivateFile));
  if (std::rename(path(kNextKeyFile).c_str(), path(kKeyFile).c_str()) != 0) {
    return make_error(Reason::kIo, str_cat(path(kKeyFile), ": cannot rename to: ", std::strerror(errno)));
  }
  return {};
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
  return StoredIdentity{std::move(svid), *std::move(roots)};
}
}  // namespace heddle
