// `heddle-proxy --validate`: the bootstrap file was read already; checks what it names: directories and files that
// start-up needs, identity files and, for config source `files`, the resources. Prints every problem; answers the exit
// code. Makes and binds nothing: whether an address can be had only the start shows. Also makes the log that is asked
// for.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "proxy/app/settings.h"

namespace heddle {
// "log.file: /none/proxy.log: ...", one per problem.
std::vector<std::string> problems_around(const Settings&);
int validate_and_report(const Settings&, const std::string& path);
Result<std::unique_ptr<Log>> make_log(const LogSettings&);
}  // namespace heddle
