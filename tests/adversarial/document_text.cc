#include "tests/adversarial/document_text.h"

#include "lib/base/strings.h"
#include "tests/adversarial/case_file.h"

namespace heddle::adversarial {
namespace {
// What stands between "$(" and its ')'; all of it is removed.
std::string_view take_reference(std::string_view& text) {
  int depth = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] != ')' || --depth > 0) continue;
    std::string_view inside = text.substr(2, i - 2);
    text.remove_prefix(i + 1);
    return inside;
  }
  complain("a $( is not closed", text);
}

std::vector<std::string> repeated(std::string_view what, const DocumentNames& names) {
  size_t colon = what.find(':');
  auto times = colon == what.npos ? std::nullopt : parse_int<size_t>(what.substr(0, colon));
  if (!times) complain("not $(repeat:N:text)", what);
  std::vector<std::string> out;
  for (const std::string& once : documents_of(what.substr(colon + 1), names)) {
    std::string& all = out.emplace_back();
    all.reserve(once.size() * *times);
    for (size_t i = 0; i < *times; ++i) all += once;
  }
  return out;
}

std::vector<std::string> each(std::string_view alternatives, const DocumentNames& names) {
  std::vector<std::string> out;
  for (std::string_view one : split(alternatives, '|')) {
    for (std::string& text : documents_of(one, names)) out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string> meaning_of(std::string_view reference, const DocumentNames& names) {
  if (reference.starts_with("repeat:")) return repeated(reference.substr(7), names);
  if (reference.starts_with("each:")) return each(reference.substr(5), names);
  if (reference.starts_with("garbage:")) return {garbage(parse_int<size_t>(reference.substr(8)).value_or(0))};
  std::vector<std::string> out = names(reference);
  if (out.empty()) complain("nobody knows this $(name)", reference);
  return out;
}

// Every text so far with every one of these behind it.
std::vector<std::string> product(const std::vector<std::string>& heads, const std::vector<std::string>& tails) {
  std::vector<std::string> out;
  out.reserve(heads.size() * tails.size());
  for (const std::string& head : heads) {
    for (const std::string& tail : tails) out.push_back(head + tail);
  }
  return out;
}
}  // namespace

std::vector<std::string> documents_of(std::string_view text, const DocumentNames& names) {
  std::vector<std::string> out{""};
  while (!text.empty()) {
    if (text.starts_with("$(")) {
      out = product(out, meaning_of(take_reference(text), names));
      continue;
    }
    char next = text.front();
    if (next == '\\') {
      next = take_escape(text);
    } else {
      text.remove_prefix(1);
    }
    for (std::string& one : out) one += next;
  }
  return out;
}

std::vector<std::string> documents_of(std::string_view text) {
  return documents_of(text, [](std::string_view) { return std::vector<std::string>{}; });
}
}  // namespace heddle::adversarial
