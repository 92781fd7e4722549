// The file <data>/store: says that this data directory belongs to a control plane whose mesh is in etcd. Started with
// a store of its own it would make another mesh, with another CA, and nobody's sidecars would know it. Blocking.
#pragma once
#include <string>

#include "lib/base/result.h"

namespace heddle {
// `prefix`: of the mesh in etcd, "/heddle/default/".
Result<void> mark_as_etcd(const std::string& directory, const std::string& prefix);
// kConfigInvalid: it is marked; kIo.
Result<void> check_not_etcd(const std::string& directory);
}  // namespace heddle
