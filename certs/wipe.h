// wipe(): overwrites a text that must not stay in memory and empties it. What it held before it grew is out of reach:
// reserve() first, or use a Secret.
#pragma once
#include <openssl/crypto.h>

#include <string>

namespace heddle {
inline void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}
}  // namespace heddle
