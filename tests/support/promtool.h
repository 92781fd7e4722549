// check_with_promtool: what `promtool check metrics` says about a text; empty when it has no complaint.
#pragma once
#include <string>

namespace heddle {
bool has_promtool();
std::string check_with_promtool(const std::string& metrics);
}  // namespace heddle
