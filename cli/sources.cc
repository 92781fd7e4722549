#include "cli/sources.h"

#include <map>

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/config/yaml.h"

namespace heddle {
namespace {
// At most one byte more than the limit, so that the reader below refuses it.
std::string read_all(std::istream& in) {
  std::string out;
  char chunk[16384];
  while (out.size() <= kMaxDocumentsBytes && in) {
    in.read(chunk, sizeof chunk);
    out.append(chunk, static_cast<size_t>(in.gcount()));
  }
  return out;
}

LoadedResources load_one(const std::string& path, const EnvelopeOptions& options, std::istream& in) {
  if (path != "-") return load_resources(path, options);
  return load_resources_text(read_all(in), std::string(kStdinName), options);
}
}  // namespace

LoadedResources load_sources(const FileOptions& files, std::istream& in) {
  EnvelopeOptions options{EnvelopeSource::kStored, files.default_namespace};
  LoadedResources all;
  std::map<ResourceKey, std::string> seen;
  for (const std::string& path : files.paths) {
    LoadedResources loaded = load_one(path, options, in);
    std::string shown = path == "-" ? std::string(kStdinName) : path;
    if (loaded.ok() && loaded.resources.empty()) all.problems.push_back({shown, 0, "", {"", "holds no resource"}});
    for (FileProblem& problem : loaded.problems) all.problems.push_back(std::move(problem));
    for (Resource& resource : loaded.resources) {
      auto [first, is_new] = seen.emplace(resource.key, shown);
      std::string twice = is_new ? std::string() : str_cat("stands twice; the first is in ", first->second);
      if (!is_new) all.problems.push_back({shown, 0, resource.key.text(), {"metadata.name", twice}});
      all.resources.push_back(std::move(resource));
    }
  }
  return all;
}

std::string list_body(const std::vector<Resource>& resources, const std::vector<ResourceKey>& erased) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  writer.field("kind", "List").key("items").begin_array();
  for (const Resource& resource : resources) writer.raw(resource.json);
  writer.end_array();
  if (!erased.empty()) {
    writer.key("delete").begin_array();
    for (const ResourceKey& key : erased) writer.string(key.text());
    writer.end_array();
  }
  writer.end_object();
  return body;
}
}  // namespace heddle
