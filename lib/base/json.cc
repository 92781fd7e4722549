#include "lib/base/json.h"

#include <json/json.h>

#include <exception>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::shared_ptr<const Json::Value> make_node(Json::Value value) {
  return std::make_shared<const Json::Value>(std::move(value));
}

std::string_view text_of(const Json::Value& value) {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!value.getString(&begin, &end)) return {};
  return {begin, static_cast<size_t>(end - begin)};
}

Json::CharReaderBuilder make_builder() {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  builder["strictRoot"] = false;
  builder["collectComments"] = false;
  builder["skipBom"] = false;
  builder["stackLimit"] = 2 * static_cast<int>(kMaxJsonDepth);  // ours is the limit that counts
  return builder;
}

// The settings are a map of JSON values: to make one costs more than to read a short line.
std::unique_ptr<Json::CharReader> make_reader() {
  static const Json::CharReaderBuilder kBuilder = make_builder();
  return std::unique_ptr<Json::CharReader>(kBuilder.newCharReader());
}

void write(JsonWriter& out, const Json::Value& value);

void write_object(JsonWriter& out, const Json::Value& value) {
  out.begin_object();
  for (auto it = value.begin(); it != value.end(); ++it) {
    const char* end = nullptr;
    const char* begin = it.memberName(&end);
    out.key({begin, static_cast<size_t>(end - begin)});
    write(out, *it);
  }
  out.end_object();
}

void write_array(JsonWriter& out, const Json::Value& value) {
  out.begin_array();
  for (const Json::Value& element : value) write(out, element);
  out.end_array();
}

void write(JsonWriter& out, const Json::Value& value) {
  switch (value.type()) {
    case Json::nullValue:
      out.null();
      return;
    case Json::intValue:
      out.integer(value.asInt64());
      return;
    case Json::uintValue:
      out.unsigned_integer(value.asUInt64());
      return;
    case Json::realValue:
      out.number(value.asDouble());
      return;
    case Json::stringValue:
      out.string(text_of(value));
      return;
    case Json::booleanValue:
      out.boolean(value.asBool());
      return;
    case Json::arrayValue:
      write_array(out, value);
      return;
    case Json::objectValue:
      write_object(out, value);
      return;
  }
}

const Json::Value* find_member(const Json::Value& object, std::string_view key) {
  if (!object.isObject()) return nullptr;
  return object.find(key.data(), key.data() + key.size());
}
}  // namespace

JsonValue::JsonValue() = default;

Result<JsonValue> JsonValue::parse(std::string_view text, size_t max_bytes) {
  HEDDLE_CHECK_OK(scan_json(text, max_bytes));
  Json::Value value;
  std::string problem;
  try {
    if (make_reader()->parse(text.data(), text.data() + text.size(), &value, &problem)) {
      return JsonValue(make_node(std::move(value)));
    }
  } catch (const std::exception& e) {
    problem = e.what();
  }
  return make_error(Reason::kConfigInvalid, str_cat("not JSON: ", problem));  // numbers such as 1e400 come here
}

JsonValue JsonValue::boolean(bool truth) { return JsonValue(make_node(truth)); }
JsonValue JsonValue::integer(int64_t number) { return JsonValue(make_node(Json::Int64{number})); }
JsonValue JsonValue::number(double number) { return JsonValue(make_node(number)); }
JsonValue JsonValue::string(std::string_view text) {
  return JsonValue(make_node(Json::Value(text.data(), text.data() + text.size())));
}
JsonValue JsonValue::array(std::span<const JsonValue> elements) {
  Json::Value out(Json::arrayValue);
  for (const JsonValue& element : elements) out.append(element.node_ ? *element.node_ : Json::Value());
  return JsonValue(make_node(std::move(out)));
}
JsonValue JsonValue::object() { return JsonValue(make_node(Json::Value(Json::objectValue))); }

JsonValue::Type JsonValue::type() const noexcept {
  if (!node_) return Type::kNull;
  switch (node_->type()) {
    case Json::nullValue:
      return Type::kNull;
    case Json::intValue:
    case Json::uintValue:
      return Type::kInteger;
    case Json::realValue:
      return Type::kNumber;
    case Json::stringValue:
      return Type::kString;
    case Json::booleanValue:
      return Type::kBool;
    case Json::arrayValue:
      return Type::kArray;
    case Json::objectValue:
      return Type::kObject;
  }
  return Type::kNull;
}

std::string_view JsonValue::type_name() const noexcept {
  constexpr std::string_view kNames[] = {"null",     "a boolean", "an integer", "a number",
                                         "a string", "an array",  "an object"};
  return kNames[static_cast<size_t>(type())];
}

std::optional<bool> JsonValue::as_bool() const {
  if (type() != Type::kBool) return std::nullopt;
  return node_->asBool();
}

std::optional<int64_t> JsonValue::as_integer() const {
  if (type() != Type::kInteger || !node_->isInt64()) return std::nullopt;
  return node_->asInt64();
}

std::optional<uint64_t> JsonValue::as_unsigned() const {
  if (type() != Type::kInteger || !node_->isUInt64()) return std::nullopt;
  return node_->asUInt64();
}

std::optional<double> JsonValue::as_number() const {
  if (type() != Type::kInteger && type() != Type::kNumber) return std::nullopt;
  return node_->asDouble();
}

std::optional<std::string_view> JsonValue::as_string() const {
  if (type() != Type::kString) return std::nullopt;
  return text_of(*node_);
}

size_t JsonValue::size() const noexcept { return is_array() || is_object() ? node_->size() : 0; }

JsonValue JsonValue::child(const Json::Value& value) const { return JsonValue(Node(node_, &value)); }

JsonValue JsonValue::at(size_t index) const {
  if (!is_array() || index >= size()) return {};
  return child((*node_)[static_cast<Json::ArrayIndex>(index)]);
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  const Json::Value* member = node_ ? find_member(*node_, key) : nullptr;
  if (member == nullptr) return std::nullopt;
  return child(*member);
}

std::optional<JsonValue> JsonValue::find(Path path) const {
  const Json::Value* at = node_.get();
  for (std::string_view key : path) {
    if (at != nullptr) at = find_member(*at, key);
  }
  if (at == nullptr) return std::nullopt;
  return child(*at);
}

std::vector<std::string_view> JsonValue::keys() const {
  std::vector<std::string_view> out;
  if (!is_object()) return out;
  out.reserve(size());
  for (auto it = node_->begin(); it != node_->end(); ++it) {
    const char* end = nullptr;
    const char* begin = it.memberName(&end);
    out.emplace_back(begin, static_cast<size_t>(end - begin));
  }
  return out;
}

JsonValue JsonValue::with(Path path, const JsonValue& value) const {
  Json::Value root = node_ ? *node_ : Json::Value();
  Json::Value* at = &root;
  for (std::string_view key : path) {
    if (!at->isObject()) *at = Json::Value(Json::objectValue);
    at = at->demand(key.data(), key.data() + key.size());
  }
  *at = value.node_ ? *value.node_ : Json::Value();
  return JsonValue(make_node(std::move(root)));
}

JsonValue JsonValue::without(Path path) const {
  if (!node_ || path.size() == 0) return {};
  Json::Value root = *node_;
  Json::Value* at = &root;
  const std::string_view* last = path.end() - 1;
  for (const std::string_view* key = path.begin(); key != last; ++key) {
    if (find_member(*at, *key) == nullptr) return *this;
    at = at->demand(key->data(), key->data() + key->size());
  }
  if (at->isObject()) at->removeMember(last->data(), last->data() + last->size(), nullptr);
  return JsonValue(make_node(std::move(root)));
}

std::string JsonValue::compact() const {
  if (!node_) return "null";
  std::string out;
  JsonWriter writer(out);
  write(writer, *node_);
  return out;
}

bool JsonValue::operator==(const JsonValue& other) const {
  if (is_null() || other.is_null()) return is_null() && other.is_null();
  return *node_ == *other.node_;
}
}  // namespace heddle
