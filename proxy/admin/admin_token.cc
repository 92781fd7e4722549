#include "proxy/admin/admin_token.h"

#include <array>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
Result<AdminToken> AdminToken::create(const std::string& directory) {
  std::array<std::byte, 32> secret{};
  secure_random(secret);
  std::string text = to_hex(secret);
  HEDDLE_CHECK_OK(atomic_write(str_cat(directory, "/", kFileName), text + "\n", kPrivateFile));
  return AdminToken(text);
}

// Digests are compared, so neither length nor content of the token shows in the time.
bool AdminToken::matches(std::string_view shown) const noexcept {
  Sha256Digest other = sha256(as_bytes(shown));
  std::byte differs{};
  for (size_t i = 0; i < digest_.size(); ++i) differs |= digest_[i] ^ other[i];
  return differs == std::byte{};
}
}  // namespace heddle
