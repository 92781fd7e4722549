#include "control/ca/attest_retry.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPrefix = "retry-";  // of the id; those of join tokens are hexadecimal
}  // namespace

Sha256Digest attest_retry_hash(const Sha256Digest& token, const Csr& csr) {
  std::string key = to_hex(sha256(as_bytes(csr.public_key_der())));
  return sha256(as_bytes(str_cat("attest retry ", to_hex(token), " ", key)));
}

AddJoinToken attest_retry(const Sha256Digest& token, const Csr& csr, const Lineage& given, WallTime now) {
  return {attest_retry_hash(token, csr), {str_cat(kPrefix, given.latest), given.identity, now, now + kAttestRetry}};
}

std::optional<std::string_view> retried_serial(const JoinToken& token) noexcept {
  std::string_view id = token.id;
  if (!id.starts_with(kPrefix)) return std::nullopt;
  return id.substr(kPrefix.size());
}
}  // namespace heddle
