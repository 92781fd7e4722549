#include "lib/routing/mirrors.h"

#include "lib/base/assert.h"
#include "lib/routing/derived_draw.h"

namespace heddle {
Mirrors::Mirrors(const std::vector<RequestMirror>& said, std::vector<BackendSetId> sets)
    : said_(said), sets_(std::move(sets)) {
  HEDDLE_ASSERT(said_.size() == sets_.size());
}

// Exact: of 2^64 draws numerator/denominator are hit, all or none of them where the author says so.
bool Mirrors::hits(size_t mirror, uint64_t draw) const noexcept {
  __extension__ using Wide = unsigned __int128;
  const RequestMirror& share = said_[mirror];
  uint64_t own = derived_draw(draw, DrawFor::kMirror, mirror);
  return static_cast<uint64_t>((static_cast<Wide>(own) * share.denominator) >> 64) < share.numerator;
}

bool Mirrors::hit_any(uint64_t draw) const noexcept {
  for (size_t i = 0; i < size(); ++i) {
    if (hits(i, draw)) return true;
  }
  return false;
}
}  // namespace heddle
