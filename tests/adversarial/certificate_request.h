// Certificate signing requests described in words, as a lying sidecar would send them:
//   uri= dns= key= signer=KEY (who signs instead) bc= ku= eku= nc= unknown= bad-signature subject=
//   then the form: as=der|pem|pem-twice|pem-trailing|pem-text|der-trailing|cut (every shorter one), pad=BYTES
#pragma once
#include "tests/adversarial/certificate_script.h"

namespace heddle::adversarial {
struct RequestBytes {
  std::vector<std::string> texts;  // to be judged alike
  bool is_pem = false;
};
RequestBytes request_of(CertificateScript& keys, std::string_view words);
}  // namespace heddle::adversarial
