// The matrix of types: a document with each of its fields, one at a time, as a value of each other type of JSON.
#pragma once
#include <string>
#include <vector>

#include "lib/base/json.h"

namespace heddle::adversarial {
struct Retyped {
  std::string path;  // as messages name it: "spec.ports[0].port"
  std::string type;
  std::string json;
};
std::vector<Retyped> every_type_of(const JsonValue& document);
}  // namespace heddle::adversarial
