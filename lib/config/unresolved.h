// A backendRef that leads nowhere, of a route that is in force all the same (Gateway API: its share is answered with
// 500, the others keep theirs). Only the translation of a cluster says so, in the field `unresolved`, since there the
// backend may be somebody else's and vanish at any time; elsewhere such a reference is an error of its author. In the
// model it is a backend set of no namespace whose name says why: there can be none, so whoever looks it up finds
// nothing.
#pragma once
#include <cstdint>

#include "lib/base/strong_id.h"
#include "lib/config/model.h"

namespace heddle {
inline constexpr size_t kMaxUnresolved = 2048;
// Of it in a snapshot: no set has this id.
inline constexpr BackendSetId kNoBackendSet{UINT32_MAX};

inline WeightedBackend unresolved_backend(std::string why) {
  WeightedBackend out;
  out.ref.name = std::move(why);
  return out;
}
inline bool is_unresolved(const WeightedBackend& backend) noexcept { return backend.ref.ns.empty(); }
// "BackendNotFound: no Service "x" in namespace "shop"".
inline const std::string& why_unresolved(const WeightedBackend& backend) noexcept { return backend.ref.name; }
}  // namespace heddle
