// ConfigView: the configuration in force as JSON, in the fields people write it in, from what was parsed and not from
// what was sent, so that it shows what the proxy understood. Values of matches on headers and parameters that carry
// credentials are redacted (TLS-055). Pure.
#pragma once
#include <string>

#include "lib/snapshot/snapshot.h"

namespace heddle {
// {"version": "3.7", "hash": "...", "resources": [{apiVersion, kind, metadata, spec}, ...]}
std::string config_json(const Snapshot&);
// Whether a header or parameter of this name may carry a credential.
bool is_secret_name(std::string_view name) noexcept;
}  // namespace heddle
