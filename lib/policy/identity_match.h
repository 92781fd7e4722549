// Whether a SPIFFE id fits one of the patterns of config/identity_pattern.h. A prefix counts only at a '/' boundary:
// "spiffe://td/ns/a/*" takes .../ns/a/b and .../ns/a/b/c, neither .../ns/a nor .../ns/ab. Patterns were validated when
// they were parsed; one that is not valid matches nothing. Pure, allocation-free.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "certs/spiffe_id.h"

namespace heddle {
bool matches_identity(std::string_view pattern, const SpiffeId& id) noexcept;
// An empty list matches nobody.
bool matches_any_identity(std::span<const std::string> patterns, const SpiffeId& id) noexcept;
}  // namespace heddle
