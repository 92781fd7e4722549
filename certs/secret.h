// Secret: text that must not stay in memory, as a private key in PEM. Move-only; its bytes are cleansed before they are
// freed, and moving it moves the pointer, so no copy stays behind. Whoever copies view() owns the consequences.
#pragma once
#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle {
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  // Takes the text over and wipes the string it came from.
  static Secret take(std::string& text) {
    Secret secret{text};
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
    return secret;
  }

  std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};
}  // namespace heddle
