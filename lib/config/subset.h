// SubsetSpec: which endpoints of which backend set make up another one. Plain value, immutable once parsed.
#pragma once
#include <string>

#include "lib/api/envelope.h"

namespace heddle {
struct SubsetSpec {
  std::string parent;  // in the same namespace; empty: the set is no subset
  Labels labels;       // an endpoint has all of them; at least one
  bool operator==(const SubsetSpec&) const = default;
};
}  // namespace heddle
