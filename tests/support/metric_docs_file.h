// docs/metrics.md: the part of heddle-proxy, then that of heddle-control. Two test programs write one part each and
// leave the other as it is.
#pragma once
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/source_directory.h"

namespace heddle {
struct MetricDocsFile {
  static constexpr std::string_view kControlHeading = "\n# Metrics of heddle-control\n";
  std::string proxy;
  std::string control;

  static std::filesystem::path path() { return source_directory() / "docs/metrics.md"; }
  static MetricDocsFile read() {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    std::string all = text.str();
    size_t at = std::min(all.find(kControlHeading), all.size());
    return {all.substr(0, at), all.substr(at)};
  }
  void write() const { std::ofstream(path()) << proxy << control; }
};
}  // namespace heddle
