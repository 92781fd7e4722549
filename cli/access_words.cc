#include "cli/access_words.h"

#include <algorithm>

#include "cli/option_words.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kRoles[] = {"viewer", "editor", "security", "plan", "operator", "admin"};

using detail::usage;

Result<void> check_namespaces(std::string_view option, const std::vector<std::string>& namespaces) {
  for (const std::string& ns : namespaces) {
    if (is_dns_label(ns) || (ns == kAllNamespaces && namespaces.size() == 1)) continue;
    if (ns == kAllNamespaces) return usage(str_cat(option, ": '*' stands for all namespaces: name no others"));
    return usage(str_cat(option, ": ", in_quotes(ns), " is not a namespace (1-63 lower-case letters, digits or '-')"));
  }
  return {};
}

Result<AccessRoleWords> parse_role(const std::string& word, const std::vector<std::string>& shared) {
  size_t colon = word.find(':');
  AccessRoleWords out{word.substr(0, colon), shared};
  if (std::ranges::find(kRoles, out.role) == std::end(kRoles)) {
    return usage(
        str_cat("--role: expected viewer, editor, security, plan, operator or admin; got ", in_quotes(out.role)));
  }
  if (colon != std::string::npos) {
    out.namespaces.clear();
    for (std::string_view ns : split(std::string_view(word).substr(colon + 1), ',')) out.namespaces.emplace_back(ns);
    HEDDLE_CHECK_OK(check_namespaces("--role", out.namespaces));
  }
  if (!out.namespaces.empty()) return out;
  return usage(str_cat("--role ", out.role, ": where? Name namespaces with -n, or all of them with -A"));
}
}  // namespace

Result<std::vector<AccessRoleWords>> parse_access_roles(const std::vector<std::string>& roles,
                                                        const std::vector<std::string>& namespaces,
                                                        bool all_namespaces) {
  if (all_namespaces && !namespaces.empty()) return usage("--namespace and --all-namespaces do not go together");
  HEDDLE_CHECK_OK(check_namespaces("--namespace", namespaces));
  std::vector<std::string> shared = all_namespaces ? std::vector<std::string>{std::string(kAllNamespaces)} : namespaces;
  std::vector<AccessRoleWords> out;
  for (const std::string& role : roles) {
    HEDDLE_TRY(AccessRoleWords words, parse_role(role, shared));
    out.push_back(std::move(words));
  }
  return out;
}
}  // namespace heddle
