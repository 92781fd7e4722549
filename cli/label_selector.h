// LabelSelector: which labels a resource must have, as kubectl's `-l` says it: `a=b`, `a==b`, `a!=b`, `a`, `!a`,
// `a in (b,c)`, `a notin (b,c)`, joined by ','. As in Kubernetes, `!=` and `notin` also take what lacks the label.
// Pure value.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
class LabelSelector {
 public:
  LabelSelector() = default;  // takes everything
  static constexpr size_t kMaxBytes = 4096;
  // kBadRequest, saying where it cannot be read.
  static Result<LabelSelector> parse(std::string_view text);
  bool empty() const noexcept { return rules_.empty(); }
  // By metadata.labels of the document.
  bool matches(const JsonValue& resource) const;

 private:
  enum class Asks : uint8_t { kExists, kAbsent, kOneOf, kNoneOf };
  struct Rule {
    std::string key;
    Asks asks = Asks::kExists;
    std::vector<std::string> values{};
  };
  static Result<Rule> parse_rule(std::string_view text);
  static Result<Rule> parse_set(std::string_view text);
  static bool holds(const Rule&, const JsonValue& labels);
  std::vector<Rule> rules_;
};
}  // namespace heddle
