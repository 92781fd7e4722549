// What differs: between two sets of resources (by bytes) and between two values (by field). For `diff`, `plan` and
// `apply`. Pure.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "lib/api/resource.h"
#include "lib/base/json.h"

namespace heddle {
enum class ChangeKind : uint8_t { kAdded, kChanged, kRemoved };
struct ResourceChange {
  ResourceKey key;
  ChangeKind kind = ChangeKind::kAdded;
  bool operator==(const ResourceChange&) const = default;
};
// In the order of the keys. A key that stands twice in one set counts with its last bytes.
std::vector<ResourceChange> diff_resources(std::span<const Resource> before, std::span<const Resource> after);

struct FieldChange {
  std::string path;  // "spec.ports[0].port"
  std::optional<JsonValue> before;
  std::optional<JsonValue> after;
};
// Arrays are compared element by element.
std::vector<FieldChange> diff_fields(const JsonValue& before, const JsonValue& after);
}  // namespace heddle
