// AdminToken: what a client must show to change something over loopback TCP: whoever can read the state directory may.
// Made anew at every start. Main loop; never logged.
#pragma once
#include <string>

#include "certs/digest.h"
#include "lib/base/result.h"

namespace heddle {
class AdminToken {
 public:
  static constexpr std::string_view kFileName = "admin.token";
  // Writes 256 random bits as hex to <directory>/admin.token, mode 0600. Blocking: at start-up only.
  static Result<AdminToken> create(const std::string& directory);
  static AdminToken of(std::string_view secret) { return AdminToken(secret); }
  // In constant time, whatever was shown.
  bool matches(std::string_view shown) const noexcept;

 private:
  explicit AdminToken(std::string_view secret) : digest_(sha256(as_bytes(secret))) {}
  Sha256Digest digest_;
};
}  // namespace heddle
