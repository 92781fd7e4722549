// Where the checkout is: HEDDLE_SOURCE_DIR (ctest sets it), else the first folder above the test binary, then above the
// working directory, that looks like it. For tests that compare committed documents.
#pragma once
#include <cstdlib>
#include <filesystem>

namespace heddle {
inline std::filesystem::path source_directory() {
  namespace fs = std::filesystem;
  const char* given = std::getenv("HEDDLE_SOURCE_DIR");
  if (given != nullptr) return given;
  for (fs::path start : {fs::read_symlink("/proc/self/exe").parent_path(), fs::current_path()}) {
    for (; start.has_relative_path(); start = start.parent_path()) {
      if (fs::exists(start / ".ci/layers.txt")) return start;
    }
  }
  return fs::current_path();
}
}  // namespace heddle
