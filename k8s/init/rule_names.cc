#include "k8s/init/rule_names.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kOurs = "heddle/";

std::string_view chain_part(std::string_view name) { return name.substr(0, name.find('/', kOurs.size())); }

Error differs(const std::string& what) {
  return make_error(Reason::kConflict, str_cat("the rules are not those that were asked for: ", what));
}
}  // namespace

RuleNames rule_names(std::string_view text) {
  constexpr std::string_view kComment = "comment ";
  RuleNames out;
  for (size_t at = text.find(kComment); at != std::string_view::npos; at = text.find(kComment, at)) {
    at += kComment.size();
    std::string_view rest = text.substr(at);
    if (rest.starts_with('"')) rest.remove_prefix(1);
    if (rest.starts_with(kOurs)) out.emplace_back(rest.substr(0, rest.find_first_of("\" \t\n")));
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return chain_part(a) < chain_part(b); });
  return out;
}

Result<void> compare_rules(const RuleNames& expected, const RuleNames& found) {
  auto [want, got] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  if (want == expected.end() && got == found.end()) return {};
  if (want == expected.end()) return differs(str_cat(*got, " should not be there"));
  if (got == found.end()) return differs(str_cat(*want, " is missing"));
  return differs(str_cat("expected ", *want, ", found ", *got));
}
}  // namespace heddle
