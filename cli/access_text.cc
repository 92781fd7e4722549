#include "cli/access_text.h"

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string words_of(const std::optional<JsonValue>& list) {
  std::string out;
  for (size_t i = 0; list && i < list->size(); ++i) {
    out.append(i == 0 ? "" : ",").append(list->at(i).as_string().value_or("?"));
  }
  return out;
}

// "editor:shop,web viewer:*"
std::string roles_of(const JsonValue& token) {
  std::string out;
  std::optional<JsonValue> grants = token.find("grants");
  for (size_t i = 0; grants && i < grants->size(); ++i) {
    JsonValue grant = grants->at(i);
    out.append(i == 0 ? "" : " ").append(text_at(grant, {"role"}));
    out.append(":").append(words_of(grant.find("namespaces")));
  }
  return out;
}

Cell expires_cell(const JsonValue& token) {
  if (scalar_at(token, {"expired"}) == "true") return {"expired", Tone::kBad};
  std::string until = text_at(token, {"expires"});
  return until.empty() ? "never" : until;
}
}  // namespace

std::string access_list_text(const JsonValue& list, WallTime now, UseColor color) {
  Table table({"NAME", "ROLES", "AGE", "EXPIRES"});
  std::optional<JsonValue> tokens = list.find("tokens");
  for (size_t i = 0; tokens && i < tokens->size(); ++i) {
    JsonValue token = tokens->at(i);
    table.add({text_at(token, {"name"}), roles_of(token), age_at(token, {"created"}, now), expires_cell(token)});
  }
  return table.text(color);
}

std::string whoami_text(const JsonValue& who, UseColor color) {
  Table table({"NAME", "ROLES", "EXPIRES"});
  table.add({text_at(who, {"name"}), roles_of(who), expires_cell(who)});
  return table.text(color);
}
}  // namespace heddle
