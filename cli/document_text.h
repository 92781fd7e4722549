// JSON values as documents for people: indented JSON, and YAML that lib/config/yaml.h (and YAML 1.1 readers) read back
// as the same value. Names sorted, as JsonValue has them, which for resources is apiVersion, kind, metadata, spec,
// status. Ends in a newline. Pure.
#pragma once
#include <string>

#include "lib/base/json.h"

namespace heddle {
std::string to_pretty_json(const JsonValue&);
std::string to_yaml(const JsonValue&);
}  // namespace heddle
