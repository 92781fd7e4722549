// Bootstrap: the proxy's own file (YAML or JSON) -> Settings. Every problem is named with its field path; an unknown
// field is a problem. Also which keys may change while the proxy runs: the others need a restart and are named.
// Reads the file, nothing else; start-up and reload only.
#pragma once
#include <string>
#include <vector>

#include "proxy/app/settings.h"

namespace heddle {
Result<Settings> parse_bootstrap(std::string_view text, const std::string& filename);
Result<Settings> load_bootstrap(const std::string& path);

// Reloadable: log.level, accessLog, drain. Any other difference is named: "listeners", "identity" ...
std::vector<std::string> keys_that_need_restart(const Settings& running, const Settings& wanted);
bool same_reloadable_keys(const Settings& running, const Settings& wanted);
}  // namespace heddle
