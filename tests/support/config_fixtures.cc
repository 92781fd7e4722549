#include "tests/support/config_fixtures.h"

#include <cstdio>

#include "lib/base/strings.h"
#include "lib/config/files.h"
#include "lib/config/yaml.h"

namespace heddle {
std::vector<Resource> resources_of(std::string_view yaml) {
  LoadedResources loaded = load_resources_text(yaml, "test.yaml");
  if (!loaded.ok()) std::fprintf(stderr, "%s\n", loaded.text().c_str());
  HEDDLE_CHECK(loaded.ok());
  return std::move(loaded.resources);
}

std::string spec_problems_of(std::string_view yaml) {
  auto documents = parse_documents(yaml, "test.yaml");
  if (!documents) return documents.error().detail;
  Problems problems;
  std::optional<Envelope> envelope = read_envelope(documents->at(0).value, {}, problems);
  if (envelope) parse_spec(*envelope, problems);
  return problems.text();
}

Model model_of(std::string_view yaml) {
  Model model;
  Problems problems;
  for (const Resource& resource : resources_of(yaml)) {
    std::optional<ParsedSpec> spec = parse_resource(resource, problems);
    HEDDLE_CHECK(spec.has_value());  // resources_of() parsed it
    put_spec(model, resource.key, *spec);
  }
  return model;
}

std::shared_ptr<const Snapshot> snapshot_of(std::string_view yaml) {
  SnapshotBuilder builder(ModelScope::kWhole);
  ConfigChange change;
  change.kind = ConfigChange::Kind::kReplaceAll;
  change.puts = resources_of(yaml);
  BuildOutcome outcome = builder.apply(change);
  if (!outcome) std::fprintf(stderr, "%s\n", outcome.problems.text().c_str());
  HEDDLE_CHECK(static_cast<bool>(outcome));
  return outcome.snapshot;
}

std::string service_yaml(std::string_view name, uint16_t port) {
  return str_cat("apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: ", name,
                 "}\nspec: {ports: [{port: ", std::to_string(port),
                 "}]}\n---\napiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: ", name,
                 "}\nspec: {tls: plaintext, endpoints: [{address: 127.0.0.1, port: 9000}]}\n---\n");
}
}  // namespace heddle
