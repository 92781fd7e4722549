// SessionIndex: which endpoint of a backend set a session stays on (lib/routing/session_token.h). Made at the first
// question about a specification, in O(n log n): sets that keep no sessions have none. Asked in O(log n), without
// allocation. Immutable; a part of BackendSet, on its loop.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/config/model.h"
#include "lib/routing/session_token.h"

namespace heddle {
class SessionIndex {
 public:
  explicit SessionIndex(const BackendSetSpec&);
  // The index in spec.endpoints of the one with this session_endpoint(); of several with one address the first.
  std::optional<uint32_t> find(uint64_t session) const noexcept;

 private:
  struct Row {
    uint64_t session;
    uint32_t index;
    auto operator<=>(const Row&) const = default;
  };
  std::vector<Row> rows_;  // sorted
};
}  // namespace heddle
