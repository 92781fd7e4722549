// GivenKeys: the authorities that files gave to this control plane, with their keys, where the shared state holds
// certificates only: kept in its own data directory, one file each (<directory>/ca.given.<start of the root's
// pin>.pem, 0600, under the passphrase if there is one), so that a restart in the middle of a rotation finds a key that
// peers believe, whatever the files hold by then. What is not needed any more is destroyed. Blocking; control loop.
#pragma once
#include <map>

#include "control/ca/key_store.h"

namespace heddle {
class GivenKeys {
 public:
  GivenKeys(std::string directory, const TrustDomain& domain, KeyForm form)
      : directory_(std::move(directory)), domain_(domain), form_(std::move(form)) {}
  // What an earlier process kept. A file that is damaged, or open to others, is named.
  Result<void> load();
  // Durable when it returns; one of the same root is replaced.
  Result<void> hold(const CertificateAuthority::Ptr&);
  // By its root; null: not here.
  CertificateAuthority::Ptr find(const std::string& root_pin) const;
  // Destroys all but these.
  void keep_only(const std::vector<std::string>& root_pins);

 private:
  std::string file_of(std::string_view root_pin) const;
  std::string directory_;
  TrustDomain domain_;
  KeyForm form_;
  std::map<std::string, CertificateAuthority::Ptr, std::less<>> held_;  // by the root's pin
};
}  // namespace heddle
