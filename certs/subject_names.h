// SubjectNames: the subject alternative names of a certificate or request as raw bytes. Compared by length, so a NUL
// inside is a byte like any other (it makes the SPIFFE id invalid instead of hiding what follows). Pure value.
// At most kMaxSubjectNames names are read; more is an error.
#pragma once
#include <vector>

#include "certs/openssl.h"
#include "certs/spiffe_id.h"

namespace heddle {
struct SubjectNames {
  std::vector<std::string> uris;
  std::vector<std::string> dns;
  std::vector<std::string> ips;  // as text: "10.0.0.1", "::1"
  bool present = false;
  bool critical = false;
};

Result<SubjectNames> subject_names(const X509*);
Result<SubjectNames> subject_names(const STACK_OF(X509_EXTENSION) *);
// The one SPIFFE id among the URIs: none, two or an invalid one is an error that says so (X509-SVID §2).
Result<SpiffeId> only_spiffe_id(const SubjectNames&);
// The extension for `names`; a DNS name or IP address that is none is an error, URIs are written as they are.
Result<ExtensionPtr> to_extension(const SubjectNames& names);
}  // namespace heddle
