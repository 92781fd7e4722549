#include "cli/resource_words.h"

#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view group_of(Kind kind) {
  std::string_view version = info(kind).api_version;
  return version.substr(0, version.find('/'));
}

std::string known_words() {
  std::string out;
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported) continue;
    if (!out.empty()) out.append(", ");
    out.append(kind.plural).append(" (").append(kind.short_name).append(")");
  }
  return out;
}

Error unknown_kind(std::string_view word) {
  std::vector<std::string> lower;
  for (const KindInfo& kind : all_kinds()) {
    lower.emplace_back(kind.plural);
    lower.push_back(to_lower(kind.name));
  }
  std::vector<std::string_view> known(lower.begin(), lower.end());
  std::string near(closest_name(to_lower(word), known));
  if (!near.empty()) near = str_cat("did you mean ", near, "?");
  if (near.empty()) near = str_cat("expected one of ", known_words());
  return make_error(Reason::kBadRequest, str_cat(in_quotes(word), " is not a kind of resource; ", near));
}

Result<ResourceKey> parse_slashed(std::string_view word, std::string_view ns) {
  size_t slash = word.find('/');
  if (slash == std::string_view::npos) {
    return make_error(Reason::kBadRequest, str_cat(in_quotes(word), ": expected KIND/NAME, as the words before it"));
  }
  HEDDLE_TRY(Kind kind, parse_kind_word(word.substr(0, slash)));
  return ResourceKey::make(kind, ns, word.substr(slash + 1));
}
}  // namespace

Result<Kind> parse_kind_word(std::string_view word) {
  size_t dot = word.find('.');
  std::string_view group = dot == std::string_view::npos ? std::string_view() : word.substr(dot + 1);
  const KindInfo* kind = find_kind(word.substr(0, dot));
  if (kind == nullptr) kind = find_kind(to_lower(word.substr(0, dot)));
  if (kind == nullptr || (!group.empty() && group != group_of(kind->kind))) return unknown_kind(word);
  if (!kind->supported) {
    return make_error(Reason::kBadRequest, str_cat(kind->name, " is not supported by this version of Heddle"));
  }
  return kind->kind;
}

Result<ResourceWords> parse_resource_words(const std::vector<std::string>& words) {
  if (words.empty()) return make_error(Reason::kBadRequest, str_cat("expected a kind: ", known_words()));
  ResourceWords out;
  std::string_view first = words[0];
  size_t slash = first.find('/');
  HEDDLE_TRY(out.kind, parse_kind_word(first.substr(0, slash)));
  if (slash != std::string_view::npos) out.names.emplace_back(first.substr(slash + 1));
  if (slash != std::string_view::npos && words.size() > 1) {
    return make_error(Reason::kBadRequest, str_cat("unexpected ", in_quotes(words[1]), " after KIND/NAME"));
  }
  for (size_t i = 1; i < words.size(); ++i) out.names.push_back(words[i]);
  for (const std::string& name : out.names) HEDDLE_CHECK_OK(ResourceKey::make(out.kind, "default", name));
  return out;
}

Result<std::vector<ResourceKey>> parse_resource_keys(const std::vector<std::string>& words, std::string_view ns) {
  std::vector<ResourceKey> out;
  bool slashed = !words.empty() && words[0].find('/') != std::string::npos;
  if (slashed) {
    for (const std::string& word : words) {
      HEDDLE_TRY(ResourceKey key, parse_slashed(word, ns));
      out.push_back(std::move(key));
    }
    return out;
  }
  HEDDLE_TRY(ResourceWords parsed, parse_resource_words(words));
  if (parsed.names.empty()) return make_error(Reason::kBadRequest, "expected the name of a resource after its kind");
  for (const std::string& name : parsed.names) {
    HEDDLE_TRY(ResourceKey key, ResourceKey::make(parsed.kind, ns, name));
    out.push_back(std::move(key));
  }
  return out;
}

std::string resource_type(Kind kind) { return str_cat(info(kind).plural, ".", group_of(kind)); }

std::string resource_name(Kind kind, std::string_view name) {
  return str_cat(to_lower(info(kind).name), ".", group_of(kind), "/", name);
}

std::string resource_name(const ResourceKey& key) { return resource_name(key.kind, key.name); }

std::string resource_title(const std::string& key_text) {
  Result<ResourceKey> key = ResourceKey::parse(key_text);
  return key ? str_cat(info(key->kind).name, " ", key->ns, "/", key->name) : key_text;
}
}  // namespace heddle
