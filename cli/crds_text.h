// The CustomResourceDefinitions of all kinds of ours as one YAML text: what `heddle schema --crds` prints and
// k8s/base/crds.yaml is. Pure.
#pragma once
#include <string>

namespace heddle {
std::string crds_text();
}  // namespace heddle
