// What the commands of the table are made of. Private to cli/command_line*.cc.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "lib/base/strings.h"

namespace heddle::detail {
inline CLI::App& subcommand(CLI::App& parent, const char* name, const char* what, const char* footer) {
  CLI::App* sub = parent.add_subcommand(name, what);
  sub->fallthrough();
  sub->footer(footer);
  return *sub;
}

inline CLI::Option* add_output(CLI::App& app, std::string& into, const std::string& formats) {
  return app.add_option("-o,--output", into, str_cat("How to print: ", formats))->type_name("FORMAT");
}
}  // namespace heddle::detail
