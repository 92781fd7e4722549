// What backend sets, their subsets and the policies that target them get wrong together; a part of validate(). Pure.
// - The parent of a subset exists, is no subset itself and is not looked up in DNS (what DNS finds has no labels).
// - A HealthPolicy is for the parent: an endpoint is checked once, not once for each subset.
// - What a TrafficPolicy says of balancing goes together with what each of its sets says.
#pragma once
#include "lib/config/model.h"

namespace heddle {
void check_subsets(const Model&, ConfigProblems&);
void check_policy_balancing(const Model&, ConfigProblems&);
}  // namespace heddle
