// Mirrors: which backend sets get a copy of a request, beside the one it goes to (RequestMirror of the Gateway API v1).
// Each mirror of a rule draws for itself, from the request's one draw: whether a request is mirrored does not depend on
// the backend drawn, nor on another mirror, and a recorded request replays alike. Immutable, part of RouteFilters;
// allocation-free to ask. The rule it was made of outlives it. At most kMaxRuleMirrors.
#pragma once
#include <vector>

#include "lib/base/strong_id.h"
#include "lib/config/model.h"

namespace heddle {
class Mirrors {
 public:
  // `sets`: where each of them leads.
  Mirrors(const std::vector<RequestMirror>& said, std::vector<BackendSetId> sets);
  size_t size() const noexcept { return sets_.size(); }
  BackendSetId set(size_t mirror) const noexcept { return sets_[mirror]; }
  bool hits(size_t mirror, uint64_t draw) const noexcept;
  bool hit_any(uint64_t draw) const noexcept;
  bool has_same_sets(const Mirrors& other) const noexcept { return sets_ == other.sets_; }

 private:
  const std::vector<RequestMirror>& said_;
  std::vector<BackendSetId> sets_;
};
}  // namespace heddle
