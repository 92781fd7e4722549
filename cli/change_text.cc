#include "cli/change_text.h"

#include <vector>

#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/line_diff.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kNothing = "/dev/null";

std::string yaml_of(const std::optional<JsonValue>& document) {
  return document ? to_yaml(authored(*document)) : std::string();
}

std::string_view color_of(std::string_view line) {
  if (line.starts_with("--- ") || line.starts_with("+++ ")) return "\x1b[1m";
  if (line.starts_with('-')) return "\x1b[31m";
  if (line.starts_with('+')) return "\x1b[32m";
  return line.starts_with("@@ ") ? "\x1b[36m" : "";
}

bool is_unreserved(char c) {
  bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
}
}  // namespace

JsonValue authored(const JsonValue& document) {
  JsonValue out = document.without({"status"});
  for (std::string_view field : {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}) {
    out = out.without({"metadata", field});
  }
  return out;
}

JsonValue appliable(const JsonValue& list) {
  std::optional<JsonValue> items = list.find("items");
  if (!items || !items->is_array()) return list;
  std::vector<JsonValue> out;
  for (size_t i = 0; i < items->size(); ++i) {
    JsonValue item = items->at(i);
    for (std::string_view field : {"uid", "resourceVersion", "generation"}) item = item.without({"metadata", field});
    out.push_back(std::move(item));
  }
  return list.with({"items"}, JsonValue::array(out));
}

std::string change_text(const JsonValue& change) {
  std::string key = text_at(change, {"key"});
  std::optional<JsonValue> before = change.find("before");
  std::optional<JsonValue> now = change.find("now");
  std::string hunks = unified_diff(yaml_of(before), yaml_of(now));
  if (hunks.empty()) return hunks;
  return str_cat("--- ", before ? std::string_view(key) : kNothing, "\n+++ ", now ? std::string_view(key) : kNothing,
                 "\n", hunks);
}

std::string painted(std::string_view difference, UseColor color) {
  std::string out;
  if (difference.ends_with('\n')) difference.remove_suffix(1);
  if (difference.empty()) return out;
  for (std::string_view line : split(difference, '\n')) {
    std::string_view escape = color == UseColor::kYes ? color_of(line) : std::string_view();
    out.append(escape).append(printable(line)).append(escape.empty() ? "" : "\x1b[0m").push_back('\n');
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}
}  // namespace heddle
