// Requests by chance for a generated configuration: HTTP and gRPC. Part of explain_generator.h.
#pragma once
#include "lib/decision/explain_query.h"
#include "tests/support/generated_dice.h"

namespace heddle {
// With its draw.
ExplainWords generated_request(Dice&);
}  // namespace heddle
