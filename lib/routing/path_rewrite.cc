#include "lib/routing/path_rewrite.h"

#include <algorithm>

namespace heddle {
namespace {
std::string_view without_last_slash(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}
}  // namespace

PathRewrite::PathRewrite(const PathModifier& modifier, std::string_view prefix)
    : is_set_(true), keeps_rest_(modifier.change == PathChange::kReplacePrefix), replacement_(modifier.value) {
  if (!keeps_rest_) return;
  prefix_size_ = without_last_slash(prefix).size();
  replacement_ = without_last_slash(replacement_);
}

// The replacement was checked with the configuration and the rest is part of a path that the codec took, whole segments
// of it: only `//` can be new, at the seam (`/a//b` without `/a`).
Result<PathPieces> PathRewrite::apply(std::string_view target) const {
  size_t path_size = std::min(target.find('?'), target.size());
  std::string_view query = target.substr(path_size);
  if (!keeps_rest_) return PathPieces{replacement_, {}, query};
  std::string_view path = target.substr(0, path_size);
  std::string_view rest = path.substr(std::min(prefix_size_, path.size()));
  if (rest.find("//") != rest.npos) {
    return make_error(Reason::kBadRequest, "the path to rewrite has `//`", Origin::kDownstream);
  }
  if (replacement_.empty() && rest.empty()) rest = "/";
  return PathPieces{replacement_, rest, query};
}
}  // namespace heddle
