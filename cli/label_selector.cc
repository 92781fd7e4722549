#include "cli/label_selector.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxKey = 317;  // prefix/name
constexpr size_t kMaxValue = 63;

bool is_label_char(char c) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || c == '-' || c == '_' || c == '.';
}

bool is_key(std::string_view text) {
  auto fits = [](char c) { return is_label_char(c) || c == '/'; };
  return !text.empty() && text.size() <= kMaxKey && std::all_of(text.begin(), text.end(), fits);
}

bool is_value(std::string_view text) {
  return text.size() <= kMaxValue && std::all_of(text.begin(), text.end(), is_label_char);
}

Error bad(std::string_view part) {
  return make_error(Reason::kBadRequest,
                    str_cat("--selector: cannot read ", in_quotes(part),
                            "; expected a=b, a!=b, a, !a, a in (b,c) or a notin (b,c), joined by ','"));
}

// At commas that are in no parentheses.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') inside = true;
    if (text[i] == ')') inside = false;
    if (text[i] != ',' || inside) continue;
    out.push_back(trim(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  out.push_back(trim(text.substr(begin)));
  return out;
}
}  // namespace

Result<LabelSelector::Rule> LabelSelector::parse_set(std::string_view text) {
  size_t open = text.find('(');
  std::string_view head = trim(text.substr(0, open));
  size_t space = head.find_last_of(" \t");
  if (space == head.npos || !text.ends_with(')')) return bad(text);
  std::string_view word = head.substr(space + 1);
  if (word != "in" && word != "notin") return bad(text);
  Rule out{std::string(trim(head.substr(0, space))), word == "in" ? Asks::kOneOf : Asks::kNoneOf};
  for (std::string_view value : split(text.substr(open + 1, text.size() - open - 2), ',')) {
    if (!is_value(trim(value))) return bad(text);
    out.values.emplace_back(trim(value));
  }
  if (!is_key(out.key)) return bad(text);
  return out;
}

Result<LabelSelector::Rule> LabelSelector::parse_rule(std::string_view text) {
  if (text.find('(') != text.npos) return parse_set(text);
  Rule out;
  size_t equals = text.find('=');
  if (equals == text.npos) {
    bool negated = text.starts_with('!');
    out.key = trim(text.substr(negated ? 1 : 0));
    out.asks = negated ? Asks::kAbsent : Asks::kExists;
    if (!is_key(out.key)) return bad(text);
    return out;
  }
  bool differs = equals > 0 && text[equals - 1] == '!';
  out.key = trim(text.substr(0, differs ? equals - 1 : equals));
  out.asks = differs ? Asks::kNoneOf : Asks::kOneOf;
  std::string_view value = text.substr(equals + 1);
  if (!differs && value.starts_with('=')) value.remove_prefix(1);
  out.values.emplace_back(trim(value));
  if (!is_key(out.key) || !is_value(out.values[0])) return bad(text);
  return out;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return make_error(Reason::kBadRequest, "--selector: has more than 4096 bytes");
  LabelSelector out;
  for (std::string_view part : parts_of(text)) {
    HEDDLE_TRY(Rule rule, parse_rule(part));
    out.rules_.push_back(std::move(rule));
  }
  return out;
}

bool LabelSelector::holds(const Rule& rule, const JsonValue& labels) {
  std::optional<JsonValue> found = labels.find(rule.key);
  std::optional<std::string_view> value = found ? found->as_string() : std::nullopt;
  if (rule.asks == Asks::kExists) return value.has_value();
  if (rule.asks == Asks::kAbsent) return !value.has_value();
  bool is_listed = value && std::find(rule.values.begin(), rule.values.end(), *value) != rule.values.end();
  return rule.asks == Asks::kOneOf ? is_listed : !is_listed;
}

bool LabelSelector::matches(const JsonValue& resource) const {
  JsonValue labels = resource.find({"metadata", "labels"}).value_or(JsonValue::object());
  return std::all_of(rules_.begin(), rules_.end(), [&](const Rule& rule) { return holds(rule, labels); });
}
}  // namespace heddle
