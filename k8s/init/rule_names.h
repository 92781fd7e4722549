// The names of our rules (InterceptionRule::name) in a text of rules, ours or one that the kernel's was listed as: how
// the self-check sees a rule that is not there, twice or not in its place. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace heddle {
using RuleNames = std::vector<std::string>;

// By chain, within a chain in the order of the text. Comments that are not ours are left out.
RuleNames rule_names(std::string_view text);
// What is wrong, by the name of the first rule that differs.
Result<void> compare_rules(const RuleNames& expected, const RuleNames& found);
}  // namespace heddle
