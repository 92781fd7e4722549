#include "lib/policy/identity_match.h"

#include <algorithm>

namespace heddle {
bool matches_identity(std::string_view pattern, const SpiffeId& id) noexcept {
  constexpr std::string_view kScheme = "spiffe://";
  std::string_view text = id.text();
  if (!pattern.ends_with("/*")) return pattern == text && !id.path().empty();
  pattern.remove_suffix(1);                                // the '/' stays: it is the boundary
  if (pattern.size() <= kScheme.size() + 1) return false;  // "spiffe:///*" names no trust domain
  return text.size() > pattern.size() && text.starts_with(pattern);
}

bool matches_any_identity(std::span<const std::string> patterns, const SpiffeId& id) noexcept {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches_identity(p, id); });
}
}  // namespace heddle
