// The syntax of a pattern over SPIFFE ids, as authors write it. Three forms: "spiffe://td/ns/a/sa/b" (that id),
// "spiffe://td/ns/a/*" (every id below that path, never the path itself: `*` stands only after a '/' and last),
// "spiffe://td/*" (every workload of the trust domain). "*" alone is not a pattern. Matching: lib/policy.
#pragma once
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
Result<void> check_identity_pattern(std::string_view pattern);
}  // namespace heddle
