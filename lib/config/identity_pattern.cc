#include "lib/config/identity_pattern.h"

#include "certs/spiffe_id.h"
#include "lib/base/strings.h"

namespace heddle {
Result<void> check_identity_pattern(std::string_view pattern) {
  bool is_prefix = pattern.ends_with("/*");
  std::string_view id = is_prefix ? pattern.substr(0, pattern.size() - 2) : pattern;
  Result<SpiffeId> parsed = SpiffeId::parse(id);
  if (parsed && (is_prefix || !parsed->path().empty())) return {};
  std::string why = parsed ? "expected an id with a path, or \"/*\" at the end" : parsed.error().detail;
  return make_error(Reason::kConfigInvalid, str_cat(in_quotes(pattern), " is not an identity pattern: ", why));
}
}  // namespace heddle
