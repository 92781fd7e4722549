// The roles of `heddle access create` as people write them: `--role editor -n shop -n web`, `--role viewer -A`, or each
// with its own namespaces, `--role editor:shop,web --role viewer:'*'`. Pure; the control plane judges what may be
// given.
#pragma once
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace heddle {
inline constexpr std::string_view kAllNamespaces = "*";

struct AccessRoleWords {
  std::string role;                     // "editor"
  std::vector<std::string> namespaces;  // or "*" alone
  bool operator==(const AccessRoleWords&) const = default;
};

// kBadRequest, naming the option.
Result<std::vector<AccessRoleWords>> parse_access_roles(const std::vector<std::string>& roles,
                                                        const std::vector<std::string>& namespaces,
                                                        bool all_namespaces);
}  // namespace heddle
