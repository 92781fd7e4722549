// PathRewrite: another path for a request, as URLRewrite and RequestRedirect of the Gateway API v1 say it
// (ReplaceFullPath, ReplacePrefixMatch); the query stays. Immutable; the text it is made of outlives it. Allocates
// nothing. A path that one of our own rules would refuse is never made: what is authorized at the other end must mean
// the same to everybody.
#pragma once
#include <array>
#include <string_view>

#include "lib/base/result.h"
#include "lib/config/route_filters.h"

namespace heddle {
// The new path in pieces, the query with its `?` at the end.
using PathPieces = std::array<std::string_view, 3>;

class PathRewrite {
 public:
  PathRewrite() = default;  // changes nothing
  // `prefix`: of the match, for ReplacePrefixMatch.
  PathRewrite(const PathModifier&, std::string_view prefix);
  bool is_set() const noexcept { return is_set_; }
  // `target` with query; it begins with `/` and with the prefix of the match. kBadRequest: what becomes of it is no
  // path that requests may have.
  Result<PathPieces> apply(std::string_view target) const;

 private:
  bool is_set_ = false;
  bool keeps_rest_ = false;       // ReplacePrefixMatch
  size_t prefix_size_ = 0;        // without a trailing '/'
  std::string_view replacement_;  // of a prefix without its trailing '/'
};
}  // namespace heddle
