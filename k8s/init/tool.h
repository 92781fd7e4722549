// Runs one program to its end: text in, text out. Blocking; for programs that end by themselves.
#pragma once
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace heddle {
struct ToolAnswer {
  std::string output;
  std::string errors;
};
// kNotFound where the program is not in PATH; another error, with the first line it said, where it fails.
Result<ToolAnswer> run_tool(const std::vector<std::string>& argv, const std::string& input);
}  // namespace heddle
