#include "lib/config/files.h"

#include <map>

#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/yaml.h"

namespace heddle {
namespace {
bool is_resource_file(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

// As much of a name as can be read from a document that has problems.
std::string label_of(const JsonValue& document) {
  auto word = [&](JsonValue::Path path) {
    std::optional<JsonValue> value = document.find(path);
    return std::string(value ? value->as_string().value_or("") : "");
  };
  std::string kind = word({"kind"});
  std::string name = word({"metadata", "name"});
  std::string ns = word({"metadata", "namespace"});
  if (kind.empty() || name.empty()) return kind;
  return ns.empty() ? str_cat(kind, " ", name) : str_cat(kind, " ", ns, "/", name);
}

class Loader {
 public:
  explicit Loader(const EnvelopeOptions& options) : options_(options) {}

  void path(const std::string& where) {
    if (!is_directory(where)) return file(where);
    Result<std::vector<std::string>> names = list_files(where);
    if (!names) return fail(where, names.error());
    for (const std::string& name : *names) {
      if (is_resource_file(name)) file(str_cat(where, "/", name));
    }
  }

  void text(std::string_view content, const std::string& name) {
    Result<std::vector<Document>> documents = parse_documents(content, name);
    if (!documents) return fail(name, documents.error());
    for (const Document& d : *documents) document(d.value, {name, d.line});
  }

  LoadedResources take() { return std::move(out_); }

 private:
  struct Place {
    const std::string& file;
    size_t line;
  };

  void file(const std::string& where) {
    Result<std::string> content = read_file(where, kMaxDocumentsBytes);
    if (!content) return fail(where, content.error());
    text(*content, where);
  }

  void fail(const std::string& where, const Error& error) {
    // Errors of the file system name the file already.
    std::string_view detail = error.detail;
    if (detail.starts_with(where + ": ")) detail.remove_prefix(where.size() + 2);
    out_.problems.push_back({where, 0, "", {"", std::string(detail)}});
  }

  void document(const JsonValue& value, const Place& place) {
    std::optional<JsonValue> kind = value.find("kind");
    std::optional<JsonValue> items = value.find("items");
    if (!kind || kind->as_string() != "List" || !items || !items->is_array()) return resource(value, place);
    for (size_t i = 0; i < items->size(); ++i) resource(items->at(i), place);
  }

  void resource(const JsonValue& value, const Place& place) {
    Problems problems;
    std::optional<Envelope> envelope = read_envelope(value, options_, problems);
    if (envelope) parse_spec(*envelope, problems);
    if (envelope && problems.empty()) add(*envelope, place, problems);
    for (const Problem& problem : problems.items()) {
      out_.problems.push_back({place.file, place.line, label_of(value), problem});
    }
  }

  void add(const Envelope& envelope, const Place& place, Problems& problems) {
    std::string here = str_cat(place.file, ":", std::to_string(place.line));
    auto [first, is_new] = seen_.emplace(envelope.key, here);
    if (!is_new) return problems.add("metadata.name", str_cat("stands twice; the first is in ", first->second));
    Result<Resource> made = envelope.to_resource();
    if (!made) return problems.add("", made.error().detail);
    out_.resources.push_back(std::move(*made));
  }

  const EnvelopeOptions& options_;
  LoadedResources out_;
  std::map<ResourceKey, std::string> seen_;
};
}  // namespace

std::string FileProblem::text() const {
  std::string out = line == 0 ? file : str_cat(file, ":", std::to_string(line));
  if (!resource.empty()) out.append(": ").append(resource);
  return out.append(": ").append(problem.text());
}

std::string LoadedResources::text() const {
  std::string out;
  for (const FileProblem& problem : problems) {
    if (!out.empty()) out.push_back('\n');
    out.append(problem.text());
  }
  return out;
}

LoadedResources load_resources(const std::string& path, const EnvelopeOptions& options) {
  Loader loader(options);
  loader.path(path);
  return loader.take();
}

LoadedResources load_resources_text(std::string_view text, const std::string& name, const EnvelopeOptions& options) {
  Loader loader(options);
  loader.text(text, name);
  return loader.take();
}
}  // namespace heddle
