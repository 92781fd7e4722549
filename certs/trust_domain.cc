#include "certs/trust_domain.h"

#include "certs/limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_domain_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::string_view complaint(char c) {
  if (c >= 'A' && c <= 'Z') return "must be lower case";
  if (c == '%') return "must not be percent-encoded";
  if (c == '@') return "must not carry user information";
  if (c == ':') return "must not carry a port";
  if (c == '[' || c == ']') return "must not be an IPv6 address";
  return "may only hold [a-z0-9.-_]";
}

Error bad(std::string_view name, std::string_view what) {
  return make_error(Reason::kConfigInvalid,
                    str_cat("trust domain ", in_quotes(name.substr(0, kMaxTrustDomain)), " ", what));
}
}  // namespace

Result<TrustDomain> TrustDomain::parse(std::string_view name) {
  if (name.empty()) return make_error(Reason::kConfigInvalid, "the trust domain is missing");
  if (name.size() > kMaxTrustDomain) return bad(name, "is longer than 255 bytes");
  for (char c : name) {
    if (!is_domain_char(c)) return bad(name, complaint(c));
  }
  return TrustDomain(name);
}

std::string TrustDomain::id() const { return str_cat("spiffe://", name_); }
}  // namespace heddle
