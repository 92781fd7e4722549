#include "proxy/upstream/session_index.h"

#include <algorithm>

namespace heddle {
SessionIndex::SessionIndex(const BackendSetSpec& spec) {
  rows_.reserve(spec.endpoints.size());
  uint64_t scope = session_scope(spec.key);
  for (uint32_t i = 0; i < spec.endpoints.size(); ++i) {
    rows_.push_back({session_endpoint(scope, spec.endpoints[i].address()), i});
  }
  std::sort(rows_.begin(), rows_.end());
}

std::optional<uint32_t> SessionIndex::find(uint64_t session) const noexcept {
  auto row = std::lower_bound(rows_.begin(), rows_.end(), Row{session, 0});
  if (row == rows_.end() || row->session != session) return std::nullopt;
  return row->index;
}
}  // namespace heddle
