#include "lib/api/envelope.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// A key is [prefix/]name: prefix a DNS name, name 1-63 of [A-Za-z0-9._-].
bool is_label_key(std::string_view key) {
  size_t slash = key.find('/');
  if (slash != std::string_view::npos) {
    if (!is_dns_name(key.substr(0, slash))) return false;
    key.remove_prefix(slash + 1);
  }
  return !key.empty() && key.size() <= 63 && std::all_of(key.begin(), key.end(), is_label_char);
}

bool is_label_value(std::string_view value) {
  return value.size() <= 63 && std::all_of(value.begin(), value.end(), is_label_char);
}

enum class MapKind { kLabels, kAnnotations };

Labels read_map(JsonObject& metadata, std::string_view field, MapKind kind) {
  Labels out;
  std::optional<JsonReader> reader = metadata.optional(field);
  if (!reader) return out;
  JsonObject map = reader->object();
  size_t bytes = 0;
  for (std::string_view key : reader->value().keys()) {
    std::string value = map.string(key);
    bytes += key.size() + value.size();
    if (!is_label_key(key))
      map.problem(key, "is not a valid key; expected [prefix/]name of letters, digits, '-', '_', '.'");
    if (kind == MapKind::kLabels && !is_label_value(value)) {
      map.problem(key, "is not a valid label value; expected at most 63 letters, digits, '-', '_', '.'");
    }
    out.emplace(key, std::move(value));
  }
  if (kind == MapKind::kLabels && out.size() > kMaxLabels) reader->problem("has more than 64 labels");
  if (bytes > kMaxAnnotationBytes) reader->problem("is larger than 256 KiB");
  return out;
}

const KindInfo* read_kind(JsonObject& root) {
  std::string api_version = root.string("apiVersion", {1});
  std::string word = root.string("kind", {1});
  if (word.empty()) return nullptr;
  std::span<const KindInfo> kinds = all_kinds();
  auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const KindInfo& k) { return k.name == word; });
  if (kind == kinds.end()) {
    std::vector<std::string_view> names;
    for (const KindInfo& k : kinds) names.push_back(k.name);
    std::string_view near = closest_name(word, names);
    std::string hint = near.empty() ? std::string() : str_cat("; did you mean ", in_quotes(near), "?");
    root.problem("kind", str_cat(in_quotes(word), " is not a kind of resource", hint));
    return nullptr;
  }
  if (!api_version.empty() && !accepts_api_version(*kind, api_version)) {
    root.problem("apiVersion", str_cat(in_quotes(api_version), " is not supported for ", kind->name, "; expected ",
                                       in_quotes(kind->api_version)));
  }
  if (!kind->supported) root.unsupported("kind", str_cat(kind->name, " is not supported by this version of Heddle"));
  return &*kind;
}

void read_server_fields(JsonObject& metadata, EnvelopeSource source, Metadata& out) {
  for (std::string_view field : {"uid", "generation", "managedFields"}) metadata.ignore(field);
  if (source == EnvelopeSource::kAuthor) {
    metadata.ignore("resourceVersion");
    metadata.ignore("creationTimestamp");
    return;
  }
  out.resource_version = metadata.optional_string("resourceVersion").value_or("");
  std::optional<std::string> created = metadata.optional_string("creationTimestamp");
  if (!created) return;
  Result<WallTime> time = parse_time(*created);
  if (time) {
    out.created = *time;
  } else {
    metadata.problem("creationTimestamp", time.error().detail);
  }
}

JsonValue cleaned(const JsonValue& document, const ResourceKey& key, EnvelopeSource source) {
  JsonValue out = document;
  if (!document.find({"metadata", "namespace"})) {
    out = out.with({"metadata", "namespace"}, JsonValue::string(key.ns));
  }
  if (source == EnvelopeSource::kStored) return out;
  if (out.find("status")) out = out.without({"status"});
  for (std::string_view field : {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}) {
    if (out.find({"metadata", field})) out = out.without({"metadata", field});
  }
  return out;
}
}  // namespace

std::optional<Envelope> read_envelope(const JsonValue& document, const EnvelopeOptions& options, Problems& problems) {
  size_t before = problems.total();
  JsonObject root(JsonReader(document, "", problems));
  if (!root.is_object()) return std::nullopt;
  const KindInfo* kind = read_kind(root);
  Envelope out;
  JsonObject metadata = root.object("metadata");
  std::string name = metadata.string("name");
  std::string ns = metadata.optional_string("namespace").value_or(std::string(options.default_namespace));
  out.metadata.labels = read_map(metadata, "labels", MapKind::kLabels);
  out.metadata.annotations = read_map(metadata, "annotations", MapKind::kAnnotations);
  read_server_fields(metadata, options.source, out.metadata);
  metadata.finish();
  root.ignore("spec");
  root.ignore("status");
  root.finish();
  if (problems.total() != before) return std::nullopt;

  Result<ResourceKey> key = ResourceKey::make(kind->kind, ns, name);
  if (!key) {
    problems.add(is_dns_label(ns) ? "metadata.name" : "metadata.namespace", key.error().detail);
    return std::nullopt;
  }
  out.key = std::move(*key);
  out.document = cleaned(document, out.key, options.source);
  return out;
}

Result<Resource> Envelope::to_resource() const {
  Resource out{key, document.compact()};
  if (out.json.size() <= kMaxResourceBytes) return out;
  return make_error(Reason::kTooLarge,
                    str_cat(key.text(), " has ", std::to_string(out.json.size()), " bytes; at most 1 MiB is allowed"));
}
}  // namespace heddle
