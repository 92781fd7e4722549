// CustomResourceDefinitions of Heddle's own kinds, made from the field table, so that a cluster takes what files take:
// types, limits, words. Structural as Kubernetes asks: every node has a type, lists are replaced whole, unknown fields
// are not kept. What one field says of another is not in them: the control plane says that in the object's status.
// Pure.
#pragma once
#include <span>

#include "lib/base/json.h"
#include "lib/config/field_table.h"

namespace heddle {
// In a cluster a Service is Kubernetes' own, and routes are the Gateway API's.
std::span<const Kind> crd_kinds() noexcept;
JsonValue crd(Kind);
}  // namespace heddle
