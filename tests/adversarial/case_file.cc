#include "tests/adversarial/case_file.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "lib/base/strings.h"
#include "tests/support/source_directory.h"

namespace heddle::adversarial {
void complain(std::string_view what, std::string_view where) {
  std::fprintf(stderr, "tests/adversarial: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(where.size()), where.data());
  std::abort();
}

namespace {
std::vector<std::string> columns_of(std::string_view line) {
  std::vector<std::string> out;
  for (size_t bar = line.find(" | "); bar != line.npos; bar = line.find(" | ")) {
    out.emplace_back(trim(line.substr(0, bar)));
    line.remove_prefix(bar + 3);
  }
  out.emplace_back(trim(line));
  return out;
}

}  // namespace

char take_escape(std::string_view& text) {
  constexpr std::string_view kSimple = "rnt\\";
  constexpr std::string_view kMeans = "\r\n\t\\";
  size_t simple = text.size() < 2 ? kSimple.npos : kSimple.find(text[1]);
  if (simple != kSimple.npos) {
    text.remove_prefix(2);
    return kMeans[simple];
  }
  unsigned byte = 256;
  if (text.size() >= 4 && text[1] == 'x') std::from_chars(text.data() + 2, text.data() + 4, byte, 16);
  if (byte > 255) complain("an escape is not one of \\r \\n \\t \\\\ \\xHH", text);
  text.remove_prefix(4);
  return static_cast<char>(byte);
}

namespace {
size_t closing_brace(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  complain("a brace is not closed", text);
}

}  // namespace

std::string garbage(size_t bytes) {
  std::string out;
  for (uint32_t state = 2463534242U; out.size() < bytes; out += static_cast<char>(state >> 8)) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
  }
  return out;
}

namespace {
std::string take_macro(std::string_view& text) {
  size_t end = closing_brace(text);
  std::string_view macro = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (macro == "H") return "Host: a\r\n";
  if (macro.substr(0, 8) == "garbage:") return garbage(parse_int<size_t>(macro.substr(8)).value_or(0));
  size_t colon = macro.substr(0, 7) == "repeat:" ? macro.find(':', 7) : macro.npos;
  auto times = colon == macro.npos ? std::nullopt : parse_int<size_t>(macro.substr(7, colon - 7));
  if (!times) complain("a macro is not {H}, {garbage:N} or {repeat:N:text}", macro);
  std::string once = expand(macro.substr(colon + 1));
  std::string out;
  out.reserve(once.size() * *times);
  for (size_t i = 0; i < *times; ++i) out += once;
  return out;
}
}  // namespace

std::vector<std::vector<std::string>> load_table(std::string_view file) {
  std::filesystem::path path = source_directory() / "tests/adversarial/data" / file;
  std::ifstream in(path);
  if (!in) complain("cannot be read", path.string());
  std::vector<std::vector<std::string>> out;
  for (std::string line; std::getline(in, line);) {
    if (!trim(line).empty() && line.front() != '#') out.push_back(columns_of(line));
  }
  return out;
}

std::vector<Case> load_cases(std::string_view file) {
  std::vector<Case> out;
  for (std::vector<std::string>& row : load_table(file)) {
    if (row.size() != 4) complain("not `id | input | expected | source`", row.front());
    out.push_back({row[0], row[1], row[2], row[3]});
  }
  return out;
}

std::string expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '\\') {
      out += take_escape(text);
    } else if (text.front() == '{') {
      out += take_macro(text);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  bool open = false;
  bool any = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    char c = text.front();
    if (c == '"') {
      open = !open;
      any = true;
    } else if (c == ' ' && !open) {
      if (any) out.push_back(expand(word));
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (open) complain("a quote is not closed", word);
  if (any) out.push_back(expand(word));
  return out;
}

bool take_suffix(std::string& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}
}  // namespace heddle::adversarial
