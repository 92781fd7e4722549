// kube_micro_time(): MicroTime of the Kubernetes API: as format_time(), with six digits.
#pragma once
#include <string>

#include "lib/base/strings.h"

namespace heddle {
inline std::string kube_micro_time(WallTime wall) {
  std::string text = format_time(wall);
  text.pop_back();
  return text + "000Z";
}
}  // namespace heddle
