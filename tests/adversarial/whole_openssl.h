// OpenSSL with all its algorithms, for attackers. The default library context is narrowed to what the product needs, in
// tests as in the programs (certs/narrow_openssl.h); who attacks has DSA, Ed448, MD5 and TLS 1.0 all the same.
#pragma once
#include "certs/openssl.h"

namespace heddle::adversarial {
// Lives as long as the process.
OSSL_LIB_CTX* whole_openssl();
// The same certificate there, where every kind of key can be read.
X509Ptr in_whole_openssl(const X509*);
}  // namespace heddle::adversarial
