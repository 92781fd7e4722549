// Private keys under a passphrase: PKCS#8 (RFC 5958) encrypted by PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256 and
// 600,000 rounds (some tenths of a second: a guess must cost), AES-256-CBC; what `openssl pkcs8` reads and writes. Text
// in, text out, both PEM. Pure; blocking. It brings its own algorithms: what a peer's bytes can reach stays narrow
// (certs/narrow_openssl.h).
#pragma once
#include "certs/secret.h"
#include "lib/base/result.h"

namespace heddle {
inline constexpr std::string_view kPemSealedKey = "ENCRYPTED PRIVATE KEY";
inline constexpr int kSealRounds = 600'000;

// `key`: PRIVATE KEY.
Result<Secret> seal_key(std::string_view key, std::string_view passphrase);
// kConfigInvalid: not such a key, or another passphrase.
Result<Secret> unseal_key(std::string_view sealed, std::string_view passphrase);
}  // namespace heddle
