#include "tests/adversarial/every_type.h"

#include "lib/base/strings.h"

namespace heddle::adversarial {
namespace {
using Type = JsonValue::Type;

// Text around the field: what stands before and behind it in the document.
struct Place {
  std::string before;
  std::string behind;
  std::string path;
};

std::string quoted_name(std::string_view name) { return JsonValue::string(name).compact(); }

class Walk {
 public:
  std::vector<Retyped> run(const JsonValue& document) {
    visit(document, {});
    return std::move(out_);
  }

 private:
  void visit(const JsonValue& value, const Place& at) {
    if (!at.path.empty()) retype(value, at);
    if (value.is_object()) members(value, at);
    if (value.is_array()) elements(value, at);
  }
  void retype(const JsonValue& value, const Place& at) {
    struct Other {
      Type type;
      const char* name;
      const char* json;
    };
    static constexpr Other kOthers[] = {{Type::kNull, "null", "null"},
                                        {Type::kBool, "a boolean", "true"},
                                        {Type::kInteger, "an integer", "7"},
                                        {Type::kNumber, "a number", "7.5"},
                                        {Type::kString, "a string", "\"!\""},
                                        {Type::kArray, "an array", "[7]"},
                                        {Type::kObject, "an object", "{\"!\":7}"}};
    for (const Other& other : kOthers) {
      bool is_whole_number = value.type() == Type::kNumber && other.type == Type::kInteger;  // 7 is a number, too
      if (other.type == value.type() || is_whole_number) continue;
      out_.push_back({at.path, other.name, str_cat(at.before, other.json, at.behind)});
    }
  }
  void members(const JsonValue& value, const Place& at) {
    std::vector<std::string_view> names = value.keys();
    for (size_t i = 0; i < names.size(); ++i) {
      std::string before = "{";
      std::string behind;
      for (size_t other = 0; other < names.size(); ++other) {
        std::string text = str_cat(quoted_name(names[other]), ":", value.find(names[other])->compact());
        if (other < i) before += text + ",";
        if (other > i) behind += "," + text;
      }
      before += quoted_name(names[i]) + ":";
      std::string path = at.path.empty() ? std::string(names[i]) : str_cat(at.path, ".", names[i]);
      visit(*value.find(names[i]), {at.before + before, behind + "}" + at.behind, path});
    }
  }
  void elements(const JsonValue& value, const Place& at) {
    for (size_t i = 0; i < value.size(); ++i) {
      std::string before = "[";
      std::string behind;
      for (size_t other = 0; other < value.size(); ++other) {
        if (other < i) before += value.at(other).compact() + ",";
        if (other > i) behind += "," + value.at(other).compact();
      }
      std::string path = str_cat(at.path, "[", std::to_string(i), "]");
      visit(value.at(i), {at.before + before, behind + "]" + at.behind, path});
    }
  }
  std::vector<Retyped> out_;
};
}  // namespace

std::vector<Retyped> every_type_of(const JsonValue& document) { return Walk().run(document); }
}  // namespace heddle::adversarial
