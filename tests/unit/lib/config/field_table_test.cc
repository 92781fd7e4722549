// Holds the field table to the parsers: each row is tried by documents with that field alone, and what the parsers ask
// for while they read them is compared with the rows.
#include "lib/config/field_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "lib/api/envelope.h"
#include "lib/base/strings.h"
#include "lib/config/files.h"
#include "lib/config/parse.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using Chain = std::vector<const FieldInfo*>;

// "rules[0].name" is "rules[].name".
std::string without_indexes(std::string_view path) {
  std::string out;
  bool inside = false;
  for (char c : path) {
    if (c == ']') inside = false;
    if (!inside) out.push_back(c);
    if (c == '[') inside = true;
  }
  return out;
}

class Asked final : public FieldObserver {
 public:
  void asked(const std::string& path) override { paths.insert(without_indexes(path)); }
  std::set<std::string> paths;
};

bool is_list(const FieldInfo& field) { return field.shape == FieldShape::kList; }

// Of the last row: "spec.rules[0].matches".
std::string path_of(const Chain& chain) {
  std::string out = "spec";
  for (size_t i = 0; i < chain.size(); ++i) {
    out.append(".").append(chain[i]->name);
    if (is_list(*chain[i]) && i + 1 < chain.size()) out.append("[0]");
  }
  return out;
}

std::vector<Chain> chains_of(Kind kind) {
  std::vector<Chain> out;
  auto walk = [&](auto& self, std::span<const FieldInfo> rows, const Chain& above) -> void {
    for (const FieldInfo& row : rows) {
      Chain chain = above;
      chain.push_back(&row);
      out.push_back(chain);
      self(self, row.fields(), chain);
    }
  };
  walk(walk, spec_fields(kind), {});
  return out;
}

JsonValue in_shape(const FieldInfo& field, const JsonValue& element) {
  if (is_list(field)) return JsonValue::array({&element, 1});
  return field.shape == FieldShape::kMap ? JsonValue::object().with({"k"}, element) : element;
}

JsonValue text(std::string_view value) { return JsonValue::string(value); }

JsonValue good_element(const FieldInfo& field) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kWordOrList:
      return text(field.value_count != 0 ? field.values()[0] : std::string_view("a"));
    case FieldType::kInteger:
    case FieldType::kIntegerOrString:
      return JsonValue::integer(field.integers.min);
    case FieldType::kNumber:
      return JsonValue::number(field.least);
    case FieldType::kBoolean:
      return JsonValue::boolean(true);
    case FieldType::kDuration:
      return text(format_duration(field.durations.min));
    case FieldType::kObject:
    case FieldType::kAny:
      return JsonValue::object();
  }
  return {};
}

JsonValue wrong_element(const FieldInfo& field) {
  bool is_text = field.type == FieldType::kString || field.type == FieldType::kWordOrList;
  if (is_text || field.type == FieldType::kDuration) return JsonValue::integer(7);
  if (field.type == FieldType::kIntegerOrString) return JsonValue::boolean(true);
  return text("x");
}

// A resource that has this field and what must stand beside it, and nothing else. Without a value: it is left out.
JsonValue document(Kind kind, const Chain& chain, const std::optional<JsonValue>& value) {
  JsonValue inner;
  for (size_t i = chain.size(); i-- > 0;) {
    const FieldInfo& field = *chain[i];
    JsonValue object = JsonValue::object();
    if (!field.with_field.empty()) object = object.with({field.with_field}, text(field.with_value));
    bool is_last = i + 1 == chain.size();
    if (!is_last) object = object.with({field.name}, in_shape(field, inner));
    if (is_last && value) object = object.with({field.name}, *value);
    inner = object;
  }
  return JsonValue::object()
      .with({"apiVersion"}, text(info(kind).api_version))
      .with({"kind"}, text(info(kind).name))
      .with({"metadata", "name"}, text("probe"))
      .with({"spec"}, inner);
}

std::vector<Problem> problems_of(Kind kind, const Chain& chain, const std::optional<JsonValue>& value,
                                 Asked* asked = nullptr) {
  Problems problems;
  auto envelope = read_envelope(document(kind, chain, value), {EnvelopeSource::kStored}, problems);
  EXPECT_TRUE(envelope) << problems.text();
  if (!envelope) return {};
  problems.observe_fields(asked);
  parse_spec(*envelope, problems);
  return problems.items();
}

// Those of the field itself, of its elements or members.
std::vector<std::string> messages_at(const std::vector<Problem>& problems, const std::string& path) {
  std::vector<std::string> out;
  for (const Problem& problem : problems) {
    if (!problem.path.starts_with(path)) continue;
    std::string_view rest = std::string_view(problem.path).substr(path.size());
    if (rest.empty() || rest[0] == '[' || rest[0] == '.') out.push_back(problem.message);
  }
  return out;
}

class FieldTable : public testing::TestWithParam<Kind> {
 protected:
  Kind kind() const { return GetParam(); }
  std::string name() const { return std::string(info(kind()).name); }

  void expect_refused(const Chain& chain, const JsonValue& value) const {
    EXPECT_FALSE(messages_at(problems_of(kind(), chain, value), path_of(chain)).empty())
        << name() << "." << path_of(chain) << " = " << value.compact().substr(0, 200) << " is taken";
  }
  // It may be wrong in another way, as "a" is for a SPIFFE id.
  void expect_not_out_of_limits(const Chain& chain, const JsonValue& value) const {
    for (const std::string& message : messages_at(problems_of(kind(), chain, value), path_of(chain))) {
      for (const char* limit : {"is out of range", "bytes, got", "elements; at most", "expected one of",
                                "is not one of", "must not be empty"}) {
        EXPECT_EQ(message.find(limit), message.npos) << name() << "." << path_of(chain) << ": " << message;
      }
    }
  }
  void expect_sizes(const Chain& chain) const {
    const FieldInfo& field = *chain.back();
    auto sized = [&](size_t size) { return in_shape(field, text(std::string(size, 'a'))); };
    if (field.type != FieldType::kString || field.value_count != 0) return;
    if (field.bytes.min > 0) expect_refused(chain, sized(field.bytes.min - 1));
    if (field.bytes.max == SizeRange{}.max) return;
    expect_refused(chain, sized(field.bytes.max + 1));
    expect_not_out_of_limits(chain, sized(field.bytes.max));
  }
  void expect_integers(const Chain& chain) const {
    const FieldInfo& field = *chain.back();
    if (field.type != FieldType::kInteger && field.type != FieldType::kIntegerOrString) return;
    auto whole = [&](int64_t value) { return in_shape(field, JsonValue::integer(value)); };
    expect_refused(chain, whole(field.integers.min - 1));
    expect_refused(chain, whole(field.integers.max + 1));
    expect_not_out_of_limits(chain, whole(field.integers.min));
    expect_not_out_of_limits(chain, whole(field.integers.max));
  }
  void expect_numbers(const Chain& chain) const {
    const FieldInfo& field = *chain.back();
    if (field.type != FieldType::kNumber) return;
    ASSERT_TRUE(std::isfinite(field.least) && std::isfinite(field.most)) << path_of(chain);
    expect_refused(chain, JsonValue::number(field.least - 0.05));
    expect_refused(chain, JsonValue::number(field.most + 0.05));
    expect_not_out_of_limits(chain, JsonValue::number(field.least));
    expect_not_out_of_limits(chain, JsonValue::number(field.most));
  }
  void expect_durations(const Chain& chain) const {
    const FieldInfo& field = *chain.back();
    if (field.type != FieldType::kDuration) return;
    auto time = [](Duration value) { return text(format_duration(value)); };
    if (field.durations.min > Duration(0)) expect_refused(chain, time(field.durations.min - 1ms));
    expect_refused(chain, time(field.durations.max + 1ms));
    expect_not_out_of_limits(chain, time(field.durations.min));
    expect_not_out_of_limits(chain, time(field.durations.max));
  }
  void expect_elements(const Chain& chain) const {
    constexpr size_t kWorthTrying = 2000;
    const FieldInfo& field = *chain.back();
    if (!is_list(field)) return;
    ASSERT_NE(field.elements.max, SizeRange{}.max) << path_of(chain) << " is a list without a limit";
    auto many = [&](size_t count) { return JsonValue::array(std::vector<JsonValue>(count, good_element(field))); };
    if (field.elements.min > 0) expect_refused(chain, many(field.elements.min - 1));
    if (field.elements.max <= kWorthTrying) expect_refused(chain, many(field.elements.max + 1));
  }
};

// Read only to be refused with a better message than "unknown field".
bool is_read_to_be_refused(Kind kind, const std::string& path) {
  bool is_l4 = kind == Kind::kTcpRoute || kind == Kind::kTlsRoute;
  return is_l4 && path == "spec.rules[].backendRefs[].filters";
}

TEST_P(FieldTable, HasExactlyTheFieldsThatTheParserReads) {
  std::set<std::string> rows;
  std::set<std::string> maps;
  Asked all;
  for (const Chain& chain : chains_of(kind())) {
    const FieldInfo& field = *chain.back();
    std::string path = path_of(chain);
    rows.insert(without_indexes(path));
    if (field.shape == FieldShape::kMap) maps.insert(without_indexes(path));
    Asked asked;

    std::vector<Problem> problems = problems_of(kind(), chain, in_shape(field, good_element(field)), &asked);
    for (std::string_view word : field.values()) problems_of(kind(), chain, in_shape(field, text(word)), &all);

    EXPECT_TRUE(asked.paths.contains(without_indexes(path))) << name() << "." << path << " is not read";
    for (const Problem& problem : problems) {
      bool is_unknown = problem.path == path && problem.message.starts_with("unknown field");
      EXPECT_FALSE(is_unknown) << name() << "." << path;
    }
    all.paths.merge(asked.paths);
  }
  for (const std::string& path : all.paths) {
    bool is_key = maps.contains(path.substr(0, path.rfind('.')));
    if (path == "spec" || is_key || is_read_to_be_refused(kind(), path)) continue;
    EXPECT_TRUE(rows.contains(path)) << name() << "." << path << " is read, but is no row of the table";
  }
}

TEST_P(FieldTable, EveryObjectRefusesWhatIsNoRow) {
  static constexpr FieldInfo kUnknown = fields::text("noSuchFieldAnywhere", "");
  for (Chain chain : chains_of(kind())) {
    const FieldInfo& field = *chain.back();
    if (field.field_count == 0) continue;
    // A filter whose type is not said is read no further.
    bool needs_type = field.fields()[0].name == "type" && field.fields()[0].is_required;
    FieldInfo unknown = needs_type ? kUnknown.only_with("type", field.fields()[0].values()[0]) : kUnknown;
    chain.push_back(&unknown);

    std::vector<std::string> messages = messages_at(problems_of(kind(), chain, text("x")), path_of(chain));

    ASSERT_FALSE(messages.empty()) << name() << "." << path_of(chain) << " is taken";
    EXPECT_THAT(messages[0], HasSubstr("unknown field"));
  }
}

TEST_P(FieldTable, TypesAreThoseOfTheParser) {
  for (const Chain& chain : chains_of(kind())) {
    const FieldInfo& field = *chain.back();
    ASSERT_NE(field.type, FieldType::kAny) << path_of(chain);
    expect_refused(chain, in_shape(field, wrong_element(field)));
    if (field.shape != FieldShape::kOne) expect_refused(chain, JsonValue::boolean(true));
  }
}

TEST_P(FieldTable, LimitsAreThoseOfTheParser) {
  for (const Chain& chain : chains_of(kind())) {
    expect_sizes(chain);
    expect_integers(chain);
    expect_numbers(chain);
    expect_durations(chain);
    expect_elements(chain);
  }
}

TEST_P(FieldTable, WordsAreThoseOfTheParser) {
  for (const Chain& chain : chains_of(kind())) {
    const FieldInfo& field = *chain.back();
    if (field.value_count == 0) continue;
    expect_refused(chain, in_shape(field, text("no-such-word")));
    for (std::string_view word : field.values()) expect_not_out_of_limits(chain, in_shape(field, text(word)));
  }
}

TEST_P(FieldTable, WhatIsRequiredIsMissed) {
  for (const Chain& chain : chains_of(kind())) {
    if (!chain.back()->is_required) continue;
    EXPECT_FALSE(messages_at(problems_of(kind(), chain, std::nullopt), path_of(chain)).empty())
        << name() << "." << path_of(chain) << " is not missed";
  }
}

TEST_P(FieldTable, EveryRowSaysWhatItIs) {
  EXPECT_FALSE(kind_summary(kind()).empty());
  for (const Chain& chain : chains_of(kind())) {
    const FieldInfo& field = *chain.back();
    EXPECT_TRUE(field.what.ends_with('.')) << name() << "." << path_of(chain);
    EXPECT_TRUE(!field.is_required || field.fallback.empty()) << path_of(chain);
  }
}

std::vector<Kind> supported_kinds() {
  std::vector<Kind> out;
  for (const KindInfo& kind : all_kinds()) {
    if (kind.supported) out.push_back(kind.kind);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Kinds, FieldTable, testing::ValuesIn(supported_kinds()),
                         [](const auto& row) { return std::string(heddle::info(row.param).name); });

TEST(FieldTableLookup, FindsFieldsBelowListsAndObjects) {
  auto found = find_field(Kind::kHttpRoute, "spec.rules.matches[0].path.value");

  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(type_text(*found), "string");
  EXPECT_EQ(limits_text(*found), "1-1024 bytes");
  EXPECT_EQ(found->fallback, "/");
  EXPECT_EQ(type_text(*find_field(Kind::kHttpRoute, "spec.rules[].matches")), "list of object");
  EXPECT_EQ(limits_text(*find_field(Kind::kTrafficPolicy, "spec.hedge.after")), "10ms-1m");
  EXPECT_EQ(type_text(*find_field(Kind::kBackendSet, "spec.endpoints.labels")), "map of string");
}

TEST(FieldTableLookup, SaysWhereAPathEndsAndWhatIsNear) {
  auto found = find_field(Kind::kHttpRoute, "spec.rules.macthes");

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::kNotFound);
  EXPECT_EQ(found.error().detail, "HTTPRoute.spec.rules has no field \"macthes\"; did you mean \"matches\"?");
  EXPECT_THAT(find_field(Kind::kService, "spec.hosts.x").error().detail, HasSubstr("it has none"));
}

// Everything that `value` says is in the rows.
void expect_rows(const std::string& path, std::span<const FieldInfo> rows, const JsonValue& value) {
  for (std::string_view key : value.keys()) {
    auto row = std::find_if(rows.begin(), rows.end(), [&](const FieldInfo& field) { return field.name == key; });
    ASSERT_NE(row, rows.end()) << path << "." << key << " is no row";
    JsonValue member = *value.find(key);
    if (row->field_count == 0) continue;
    std::string below = str_cat(path, ".", key);
    if (!is_list(*row)) expect_rows(below, row->fields(), member);
    for (size_t i = 0; is_list(*row) && i < member.size(); ++i) expect_rows(below, row->fields(), member.at(i));
  }
}

// The blocks of a page that are resources.
std::vector<std::string> examples_of(const std::filesystem::path& page) {
  constexpr std::string_view kFence = "```yaml\n";
  std::ifstream in(page);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> out;
  for (size_t at = text.find(kFence); at != text.npos; at = text.find(kFence, at)) {
    at += kFence.size();
    std::string block = text.substr(at, text.find("```", at) - at);
    if (block.find("apiVersion:") != block.npos) out.push_back(std::move(block));
  }
  return out;
}

TEST(FieldTableDocs, KnowsEveryFieldOfTheExamples) {
  size_t seen = 0;
  for (const auto& page : std::filesystem::directory_iterator(source_directory() / "docs/resources")) {
    for (const std::string& example : examples_of(page.path())) {
      for (const Resource& resource : load_resources_text(example, "example.yaml").resources) {
        std::vector<FieldInfo> rows = resource_fields(resource.key.kind);
        expect_rows(resource.key.text(), rows, *JsonValue::parse(resource.json));
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 20U);
}

TEST(FieldTableLookup, WhatIsNotSupportedHasNoRows) { EXPECT_TRUE(spec_fields(Kind::kUdpRoute).empty()); }
}  // namespace
}  // namespace heddle
