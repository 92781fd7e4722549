// RouteTable: method and path pattern -> handler index. Patterns are literal segments and "{name}", which matches one
// non-empty segment (percent-encoding is refused: names never need it). Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {
class RouteTable {
 public:
  using Params = std::map<std::string, std::string, std::less<>>;
  enum class Match : uint8_t { kFound, kWrongMethod, kNotFound };
  struct Found {
    Match match = Match::kNotFound;
    size_t index = 0;
    Params params;
    std::string allow;  // for kWrongMethod: "GET, POST"
  };
  void add(std::string method, std::string_view pattern, size_t index);
  Found find(std::string_view method, std::string_view path) const;

 private:
  struct Row {
    std::string method;
    std::vector<std::string> segments;
    size_t index;
  };
  std::vector<Row> rows_;
};
}  // namespace heddle
