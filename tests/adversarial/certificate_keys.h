// Keys for certificates nobody should accept: too small, too large, of other kinds. Some are public only: their private
// half cannot be made in reasonable time, or does not exist.
#pragma once
#include <string_view>

#include "certs/openssl.h"

namespace heddle::adversarial {
// p192, p224, p256, p384, p521, secp256k1, brainpool, explicit, rsa1024 ... rsa4096, ed25519, ed448, dsa;
// public only: rsa8192, rsa16384, rsa-e1, rsa-e3. Aborts for any other name.
KeyPtr make_key(std::string_view kind);
}  // namespace heddle::adversarial
