#include "certs/openssl.h"

namespace heddle {
std::string openssl_error() {
  std::string out;
  while (unsigned long code = ERR_get_error()) {
    char text[256];
    ERR_error_string_n(code, text, sizeof(text));
    if (!out.empty()) out.append("; ");
    out.append(text);
  }
  return out.empty() ? "unknown OpenSSL error" : out;
}
}  // namespace heddle
