// Whether the certificates of a shown chain follow one another. Pure.
#pragma once
#include "certs/openssl.h"
#include "lib/base/result.h"

namespace heddle {
// Each certificate must be issued by the one after it, by name and key identifiers (X509_check_issued); signatures are
// checked by verify_peer(). kConfigInvalid names the first that is not, counted from 1.
Result<void> check_links(const CertChain&);
}  // namespace heddle
