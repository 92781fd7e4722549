#include "cli/document_text.h"

#include <algorithm>
#include <array>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kStep = 2;

bool is_empty_container(const JsonValue& value) { return (value.is_object() || value.is_array()) && value.size() == 0; }
bool is_container(const JsonValue& value) { return value.is_object() || value.is_array(); }

class PrettyJson {
 public:
  void write(const JsonValue& value, size_t depth) {
    if (!is_container(value) || is_empty_container(value)) {
      out_.append(value.compact());
    } else if (value.is_object()) {
      object(value, depth);
    } else {
      array(value, depth);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void object(const JsonValue& value, size_t depth) {
    out_.push_back('{');
    bool first = true;
    for (std::string_view key : value.keys()) {
      line(depth + 1, first);
      first = false;
      append_json_string(out_, key);
      out_.append(": ");
      write(*value.find(key), depth + 1);
    }
    out_.append("\n").append(depth * kStep, ' ').push_back('}');
  }
  void array(const JsonValue& value, size_t depth) {
    out_.push_back('[');
    for (size_t i = 0; i < value.size(); ++i) {
      line(depth + 1, i == 0);
      write(value.at(i), depth + 1);
    }
    out_.append("\n").append(depth * kStep, ' ').push_back(']');
  }
  void line(size_t depth, bool first) { out_.append(first ? "\n" : ",\n").append(depth * kStep, ' '); }
  std::string out_;
};

// Words that some YAML reader takes for something else than text.
bool is_yaml_word(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no",
                                                             "on",   "off",  "y",     "n"};
  return std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return equals_ignore_case(word, text); });
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_plain_char(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("_./-").find(c) != std::string_view::npos;
}

// A narrow rule: what begins like a number, a directive or an indicator is quoted.
bool is_plain(std::string_view text) {
  if (text.empty() || is_yaml_word(text)) return false;
  if (!is_letter(text[0]) && text[0] != '/' && text[0] != '_') return false;
  for (size_t i = 1; i < text.size(); ++i) {
    bool inner = i + 1 < text.size() && text[i + 1] != ' ';
    if (!is_plain_char(text[i]) && !(inner && (text[i] == ':' || text[i] == ' '))) return false;
  }
  return true;
}

void append_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out.append(text);
  } else {
    append_json_string(out, text);  // YAML's double-quoted style takes every JSON string
  }
}

class Yaml {
 public:
  // At the beginning of a line, or after "- " when `depth` is that of what follows the dash.
  void block(const JsonValue& value, size_t depth) {
    if (!is_container(value) || is_empty_container(value)) {
      scalar(value);
      out_.push_back('\n');
    } else if (value.is_object()) {
      object(value, depth);
    } else {
      array(value, depth);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void object(const JsonValue& value, size_t depth) {
    bool first = true;
    for (std::string_view key : value.keys()) {
      if (!first) out_.append(depth, ' ');
      first = false;
      append_text(out_, key);
      out_.push_back(':');
      member(*value.find(key), depth);
    }
  }
  void member(const JsonValue& value, size_t depth) {
    bool nested = is_container(value) && !is_empty_container(value);
    // A list stands at the indentation of its key.
    size_t inner = value.is_array() ? depth : depth + kStep;
    if (nested) {
      out_.append("\n").append(inner, ' ');
    } else {
      out_.push_back(' ');
    }
    block(value, inner);
  }
  void array(const JsonValue& value, size_t depth) {
    for (size_t i = 0; i < value.size(); ++i) {
      if (i != 0) out_.append(depth, ' ');
      out_.append("- ");
      block(value.at(i), depth + kStep);
    }
  }
  void scalar(const JsonValue& value) {
    if (std::optional<std::string_view> text = value.as_string()) return append_text(out_, *text);
    out_.append(value.compact());
  }
  std::string out_;
};
}  // namespace

std::string to_pretty_json(const JsonValue& value) {
  PrettyJson writer;
  writer.write(value, 0);
  return writer.take() + "\n";
}

std::string to_yaml(const JsonValue& value) {
  Yaml writer;
  writer.block(value, 0);
  return writer.take();
}
}  // namespace heddle
