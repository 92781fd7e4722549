// What both targets of resources say (config_yaml, config_json): accepted resources are stable as bytes, and make a
// snapshot or are refused by name. Pure.
#pragma once
#include <string_view>

namespace heddle::fuzz {
// `name` decides the form, as a file's name does.
void expect_config(std::string_view text, const std::string& name);
}  // namespace heddle::fuzz
