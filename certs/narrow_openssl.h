// narrow_openssl(): what is not needed is not there. OpenSSL finds an algorithm by walking through all that its
// provider offers, several times in every handshake: parsing one public key asks each of 60 decoders and 18 types of
// key whether it is meant, over copies of the list of some 250 algorithms. Heddle's certificates and handshakes need
// two dozen; with only these a server's handshake takes a fifth less time, and the rest (DSA, DH, SM2, MD5, legacy
// ciphers and formats) cannot be reached by a peer's bytes. The algorithms themselves are OpenSSL's, untouched (ADR
// 0014).
//
// Changes OpenSSL's default library context, so it is called once per process, by main(), before anything else uses it.
#pragma once
#include <openssl/types.h>

#include "lib/base/result.h"

namespace heddle {
Result<void> narrow_openssl();

// The library context for SSL_CTX_new_ex(): as narrow, and it reads no keys of certificates. OpenSSL reads the key of
// every certificate as it parses it, a tenth of a handshake; who judges a peer's certificate looks for one that was
// read before, or reads it again in the default context (lib/tls/handshake.cc). Null, the default context, before
// narrow_openssl().
OSSL_LIB_CTX* handshake_library() noexcept;
}  // namespace heddle
