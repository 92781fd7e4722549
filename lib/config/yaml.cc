#include "lib/config/yaml.h"

#include <yaml.h>

#include <charconv>
#include <cmath>
#include <set>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error fail_at(const yaml_mark_t& mark, std::string_view what) {
  return make_error(Reason::kConfigInvalid, str_cat("line ", std::to_string(mark.line + 1), ", column ",
                                                    std::to_string(mark.column + 1), ": ", what));
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw_); }
  bool read(yaml_parser_t& parser) {
    yaml_event_delete(&raw_);
    return yaml_parser_parse(&parser, &raw_) == 1;
  }
  yaml_event_type_t type() const { return raw_.type; }
  const yaml_mark_t& mark() const { return raw_.start_mark; }
  const yaml_event_t& raw() const { return raw_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(raw_.data.scalar.value), raw_.data.scalar.length};
  }
  bool is_plain() const { return raw_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE; }

 private:
  yaml_event_t raw_{};
};

class Parser {
 public:
  explicit Parser(std::string_view text) {
    HEDDLE_CHECK(yaml_parser_initialize(&raw_) == 1);
    yaml_parser_set_encoding(&raw_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&raw_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&raw_); }

  Result<void> next(Event& event) {
    if (event.read(raw_)) return {};
    if (raw_.error == YAML_READER_ERROR) {
      return make_error(Reason::kConfigInvalid, str_cat("byte ", std::to_string(raw_.problem_offset), ": ", problem()));
    }
    return fail_at(raw_.problem_mark, problem());
  }

 private:
  std::string_view problem() const { return raw_.problem == nullptr ? "not YAML" : std::string_view(raw_.problem); }
  yaml_parser_t raw_{};
};

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}
constexpr std::string_view kDigits = "0123456789";

// YAML 1.2 core schema: [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+
bool is_integer(std::string_view text) {
  if (text.starts_with("0o")) return text.size() > 2 && all_of(text.substr(2), "01234567");
  if (text.starts_with("0x")) return text.size() > 2 && all_of(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && all_of(text, kDigits);
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  size_t whole = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(whole);
  size_t part = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    part = std::min(text.find_first_not_of(kDigits), text.size());
    text.remove_prefix(part);
  }
  if (whole + part == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && all_of(text, kDigits);
}

bool is_special_float(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

// Turns one document's events into JSON text; the strict reader makes the value of it.
class Converter {
 public:
  explicit Converter(Parser& parser) : parser_(parser), writer_(json_) {}

  // The event is the first of the node.
  Result<void> node(const Event& event) {
    HEDDLE_CHECK_OK(refuse_decoration(event));
    switch (event.type()) {
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return nested(event, &Converter::sequence);
      case YAML_MAPPING_START_EVENT:
        return nested(event, &Converter::mapping);
      default:
        return fail_at(event.mark(), "unexpected YAML");
    }
  }
  const std::string& json() const { return json_; }

 private:
  static Result<void> refuse_decoration(const Event& event) {
    const yaml_event_t& raw = event.raw();
    if (event.type() == YAML_ALIAS_EVENT) return fail_at(event.mark(), "aliases are not allowed");
    const yaml_char_t* anchor = nullptr;
    const yaml_char_t* tag = nullptr;
    if (event.type() == YAML_SCALAR_EVENT) {
      anchor = raw.data.scalar.anchor;
      tag = raw.data.scalar.tag;
    } else if (event.type() == YAML_SEQUENCE_START_EVENT) {
      anchor = raw.data.sequence_start.anchor;
      tag = raw.data.sequence_start.tag;
    } else if (event.type() == YAML_MAPPING_START_EVENT) {
      anchor = raw.data.mapping_start.anchor;
      tag = raw.data.mapping_start.tag;
    }
    if (anchor != nullptr) return fail_at(event.mark(), "anchors are not allowed");
    if (tag != nullptr) return fail_at(event.mark(), "tags are not allowed");
    return {};
  }

  Result<void> nested(const Event& start, Result<void> (Converter::*read)()) {
    if (depth_ >= kMaxJsonDepth) return fail_at(start.mark(), "nested deeper than 64 levels");
    ++depth_;
    HEDDLE_CHECK_OK((this->*read)());
    --depth_;
    return {};
  }

  Result<void> sequence() {
    writer_.begin_array();
    Event event;
    while (true) {
      HEDDLE_CHECK_OK(parser_.next(event));
      if (event.type() == YAML_SEQUENCE_END_EVENT) break;
      HEDDLE_CHECK_OK(node(event));
    }
    writer_.end_array();
    return {};
  }

  Result<void> mapping() {
    writer_.begin_object();
    std::set<std::string, std::less<>> keys;
    Event event;
    while (true) {
      HEDDLE_CHECK_OK(parser_.next(event));
      if (event.type() == YAML_MAPPING_END_EVENT) break;
      HEDDLE_CHECK_OK(key(event, keys));
      HEDDLE_CHECK_OK(parser_.next(event));
      HEDDLE_CHECK_OK(node(event));
    }
    writer_.end_object();
    return {};
  }

  Result<void> key(const Event& event, std::set<std::string, std::less<>>& keys) {
    HEDDLE_CHECK_OK(refuse_decoration(event));
    if (event.type() != YAML_SCALAR_EVENT) return fail_at(event.mark(), "a key must be a string");
    std::string_view text = event.text();
    if (event.is_plain() && text == "<<") return fail_at(event.mark(), "merge keys are not allowed");
    HEDDLE_CHECK_OK(refuse_nul(event));
    if (!keys.emplace(text).second) {
      return fail_at(event.mark(), str_cat("the key ", in_quotes(text), " stands twice in one mapping"));
    }
    writer_.key(text);
    return {};
  }

  static Result<void> refuse_nul(const Event& event) {
    if (event.text().find('\0') == std::string_view::npos) return {};
    return fail_at(event.mark(), "a zero byte is not allowed in a string");
  }

  Result<void> scalar(const Event& event) {
    std::string_view text = event.text();
    HEDDLE_CHECK_OK(refuse_nul(event));
    if (!event.is_plain()) {
      writer_.string(text);
    } else if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
      writer_.null();
    } else if (text == "true" || text == "True" || text == "TRUE") {
      writer_.boolean(true);
    } else if (text == "false" || text == "False" || text == "FALSE") {
      writer_.boolean(false);
    } else if (is_integer(text)) {
      return integer(event);
    } else if (is_float(text)) {
      return floating(event);
    } else if (is_special_float(text)) {
      return fail_at(event.mark(), str_cat(text, " is not a number JSON can hold"));
    } else {
      writer_.string(text);
    }
    return {};
  }

  Result<void> integer(const Event& event) {
    std::string_view text = event.text();
    int base = text.starts_with("0o") ? 8 : text.starts_with("0x") ? 16 : 10;
    if (base != 10) text.remove_prefix(2);
    if (text.starts_with('+')) text.remove_prefix(1);
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{}) return fail_at(event.mark(), str_cat(event.text(), " is out of range for an integer"));
    writer_.integer(number);
    return {};
  }

  Result<void> floating(const Event& event) {
    std::string_view text = event.text();
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return fail_at(event.mark(), str_cat(event.text(), " is out of range for a number"));
    writer_.number(number);
    return {};
  }

  Parser& parser_;
  std::string json_;
  JsonWriter writer_;
  size_t depth_ = 0;
};

bool is_empty_scalar(const Event& event) {
  return event.type() == YAML_SCALAR_EVENT && event.is_plain() && event.text().empty() &&
         event.raw().data.scalar.tag == nullptr && event.raw().data.scalar.anchor == nullptr;
}

Result<std::vector<Document>> parse_yaml(std::string_view text) {
  std::vector<Document> out;
  Parser parser(text);
  Event event;
  while (true) {
    HEDDLE_CHECK_OK(parser.next(event));
    if (event.type() == YAML_STREAM_END_EVENT) return out;
    if (event.type() != YAML_DOCUMENT_START_EVENT) continue;
    HEDDLE_CHECK_OK(parser.next(event));
    if (is_empty_scalar(event)) continue;
    size_t line = event.mark().line + 1;
    Converter converter(parser);
    HEDDLE_CHECK_OK(converter.node(event));
    HEDDLE_TRY(JsonValue value, JsonValue::parse(converter.json(), 2 * kMaxDocumentsBytes));
    out.push_back({std::move(value), line});
  }
}

bool may_be_json(std::string_view text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}
}  // namespace

Result<std::vector<Document>> parse_documents(std::string_view text, std::string_view filename) {
  if (text.size() > kMaxDocumentsBytes) return make_error(Reason::kTooLarge, "larger than 64 MiB");
  bool is_json = filename.ends_with(".json");
  bool is_yaml = filename.ends_with(".yaml") || filename.ends_with(".yml");
  if (is_json || (!is_yaml && may_be_json(text))) {
    Result<JsonValue> value = JsonValue::parse(text, kMaxDocumentsBytes);
    if (value) return std::vector<Document>{Document{*std::move(value), 1}};
    if (is_json) return std::move(value).error();
  }
  return parse_yaml(text);
}
}  // namespace heddle
