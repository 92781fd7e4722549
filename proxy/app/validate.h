// `heddle-proxy --validate`: the bootstrap file was read already; checks what it names: identity files and, for config
// source `files`, the resources. Prints every problem; answers the exit code. Also makes the log the settings ask for.
#pragma once
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "proxy/app/settings.h"

namespace heddle {
int validate_and_report(const Settings&, const std::string& path);
Result<std::unique_ptr<Log>> make_log(const LogSettings&);
}  // namespace heddle
