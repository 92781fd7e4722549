// Options: the command line and environment of heddle-proxy -> plain value. Flag before environment before default.
#pragma once
#include <optional>
#include <string>

#include "lib/base/result.h"

namespace heddle {
struct ProxyOptions {
  std::string config;     // --config, HEDDLE_CONFIG; empty: that of the pod (pod_bootstrap.h)
  bool validate = false;  // --validate: check the file and what it names, then exit 0 or 1
};

// What main() does instead of running: usage error (exit 2), --help and --version (exit 0).
struct EarlyExit {
  int code = 0;
  std::string text;
};
struct ParsedOptions {
  ProxyOptions options;
  std::optional<EarlyExit> exit;
};
// `in_pod`: the environment may stand for the file.
ParsedOptions parse_options(int argc, const char* const* argv, bool in_pod);
}  // namespace heddle
