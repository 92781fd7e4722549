// WebCertificate: certificate chain and key of a public web server, told by its host name and not by a SPIFFE id: what
// the bundle endpoint shows in the profile https_web (SPIFFE Federation §5.2.1). A value; its parts are shared and
// immutable. Reading one checks what every client would refuse: no host name among the alternative names (RFC 9110
// §4.3.4: the common name does not count), an authority instead of a server, a key of another certificate, a chain out
// of order. Whether it is valid now is asked apart; whom clients trust is nobody's business here.
#pragma once
#include "certs/private_key.h"
#include "certs/subject_names.h"
#include "lib/base/clock.h"

namespace heddle {
struct WebCertificate {
  CertChain chain;  // leaf first; a root at its end does no harm
  std::shared_ptr<const PrivateKey> key;
  SubjectNames names;
  WallTime not_before;
  WallTime not_after;

  // At most 4 certificates and 32 KiB of PEM, nothing after the last block. Errors: kConfigInvalid, kTooLarge.
  static Result<WebCertificate> from_pem(std::string_view chain_pem, std::shared_ptr<const PrivateKey> key);
  // kConfigInvalid: not valid yet, or not any more.
  Result<void> check_time(WallTime now) const;
};
}  // namespace heddle
