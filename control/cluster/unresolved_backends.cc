#include "control/cluster/unresolved_backends.h"

#include <vector>

#include "lib/base/strings.h"

namespace heddle {
namespace {
// "[12].rest" -> 12, and the text becomes ".rest".
std::optional<size_t> take_index(std::string_view& text) {
  size_t end = text.find(']');
  if (!text.starts_with('[') || end == text.npos) return std::nullopt;
  auto number = parse_int<size_t>(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  return number;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

JsonValue with_element(const JsonValue& list, size_t place, const JsonValue& element) {
  std::vector<JsonValue> out;
  for (size_t i = 0; i < list.size(); ++i) out.push_back(i == place ? element : list.at(i));
  return JsonValue::array(out);
}
}  // namespace

std::optional<std::string_view> unresolved_reason(std::string_view field) {
  if (field.find("backendRef") == field.npos) return std::nullopt;
  if (field.ends_with(".kind") || field.ends_with(".group")) return "InvalidKind";
  bool leads = field.ends_with(".name") || field.ends_with(".port") || field.ends_with(".namespace");
  return leads ? std::optional<std::string_view>("BackendNotFound") : std::nullopt;
}

std::optional<JsonValue> with_unresolved(const JsonValue& route, std::string_view field, std::string_view message) {
  std::optional<std::string_view> reason = unresolved_reason(field);
  if (!reason || !take(field, "spec.rules")) return std::nullopt;
  std::optional<size_t> rule = take_index(field);
  if (!rule || !take(field, ".backendRefs")) return std::nullopt;
  std::optional<size_t> place = take_index(field);
  std::optional<JsonValue> rules = route.find({"spec", "rules"});
  if (!place || !rules) return std::nullopt;
  std::optional<JsonValue> backends = rules->at(*rule).find("backendRefs");
  if (!backends || !backends->at(*place).is_object()) return std::nullopt;
  JsonValue marked = backends->at(*place).without({"filters"});  // nothing passes them
  marked = marked.with({"unresolved"}, JsonValue::string(str_cat(*reason, ": ", message)));
  JsonValue changed = rules->at(*rule).with({"backendRefs"}, with_element(*backends, *place, marked));
  return route.with({"spec", "rules"}, with_element(*rules, *rule, changed));
}
}  // namespace heddle
