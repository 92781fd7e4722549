#include "tests/support/promtool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "lib/base/unique_fd.h"

namespace heddle {
bool has_promtool() { return std::system("command -v promtool >/dev/null 2>&1") == 0; }

std::string check_with_promtool(const std::string& metrics) {
  std::string file = testing::TempDir() + "heddle_metrics_XXXXXX";
  UniqueFd fd(::mkstemp(file.data()));
  ssize_t written = ::write(fd.get(), metrics.data(), metrics.size());
  if (written != static_cast<ssize_t>(metrics.size())) return "cannot write " + file;
  std::FILE* pipe = ::popen(("promtool check metrics <" + file + " 2>&1").c_str(), "r");
  std::string said;
  std::array<char, 512> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) said.append(chunk.data());
  int status = ::pclose(pipe);
  ::unlink(file.c_str());
  return status == 0 ? "" : "promtool failed: " + said;
}
}  // namespace heddle
