// Owning pointers for the SSL types of OpenSSL. The rest of OpenSSL is wrapped in certs/openssl.h.
#pragma once
#include <openssl/ssl.h>

#include "certs/openssl.h"

namespace heddle {
using SslPtr = std::unique_ptr<SSL, OpensslDelete<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslDelete<SSL_CTX_free>>;
}  // namespace heddle
