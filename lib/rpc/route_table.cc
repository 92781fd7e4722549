#include "lib/rpc/route_table.h"

#include <optional>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::optional<RouteTable::Params> match_segments(const std::vector<std::string>& pattern,
                                                 const std::vector<std::string_view>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  RouteTable::Params params;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const std::string& want = pattern[i];
    if (!want.starts_with('{')) {
      if (want != path[i]) return std::nullopt;
      continue;
    }
    if (path[i].empty() || path[i].find('%') != std::string_view::npos) return std::nullopt;
    params.emplace(want.substr(1, want.size() - 2), path[i]);
  }
  return params;
}
}  // namespace

void RouteTable::add(std::string method, std::string_view pattern, size_t index) {
  Row row{std::move(method), {}, index};
  for (std::string_view segment : split(pattern, '/')) row.segments.emplace_back(segment);
  rows_.push_back(std::move(row));
}

RouteTable::Found RouteTable::find(std::string_view method, std::string_view path) const {
  std::vector<std::string_view> segments = split(path, '/');
  Found found;
  for (const Row& row : rows_) {
    auto params = match_segments(row.segments, segments);
    if (!params) continue;
    if (row.method == method) return {Match::kFound, row.index, *std::move(params), {}};
    found.match = Match::kWrongMethod;
    found.allow.append(found.allow.empty() ? "" : ", ").append(row.method);
  }
  return found;
}
}  // namespace heddle
