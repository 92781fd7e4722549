// A document under a passphrase: CMS AuthEnvelopedData (RFC 5083) with AES-256-GCM and a password recipient (RFC 3211),
// its key by PBKDF2 with HMAC-SHA-1 and 1,300,000 rounds (about a second: a guess must cost). What
// `openssl cms -decrypt -inform DER -pwri_password` reads. Bytes in, bytes out, DER. Pure; blocking. It brings its own
// algorithms, as key_seal.h.
#pragma once
#include "certs/secret.h"
#include "lib/base/result.h"

namespace heddle {
inline constexpr int kSealedDocumentRounds = 1'300'000;

Result<std::string> seal_document(std::string_view document, std::string_view passphrase,
                                  int rounds = kSealedDocumentRounds);
// kConfigInvalid: no such document, or it is damaged, or another passphrase.
Result<Secret> open_document(std::string_view sealed, std::string_view passphrase);
}  // namespace heddle
