// AttestRetry: lets a sidecar whose answer was lost ask again with its join token. Beside the taking of a token one
// more record is written, where only who shows this token and this public key finds it, for some minutes: it names the
// certificate that the token gave. A request is signed by the private key, so nobody else gets anything for the token.
// The record is kept among the join tokens and expires with them. Pure.
#pragma once
#include <optional>
#include <string_view>

#include "certs/csr.h"
#include "control/store/ledger.h"

namespace heddle {
inline constexpr Duration kAttestRetry = 5min;

// Where the record of this token lies. No text that is short enough for a join token has this hash.
Sha256Digest attest_retry_hash(const Sha256Digest& token, const Csr&);
AddJoinToken attest_retry(const Sha256Digest& token, const Csr&, const Lineage& given, WallTime now);
// The serial that the token gave; nothing: this is a join token.
std::optional<std::string_view> retried_serial(const JoinToken&) noexcept;
}  // namespace heddle
