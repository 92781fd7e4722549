#include "tests/fuzz/config.h"

#include "lib/config/files.h"
#include "lib/config/yaml.h"
#include "lib/snapshot/snapshot_builder.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
void expect_value(const JsonValue& value) {
  std::string text = value.compact();
  Result<JsonValue> again = JsonValue::parse(text, 2 * kMaxDocumentsBytes);
  expect(bool(again), "what is written can be read", text);
  if (!again) return;
  expect(*again == value, "what is read is what was written", text);
  expect_same(again->compact(), text, "equal values have equal text");
}

// The bytes that are stored and sent are taken as they are, and loading them again changes nothing.
void expect_resource(const Resource& resource) {
  expect(resource.json.size() <= kMaxResourceBytes, "the size of a resource is bounded");
  Problems problems;
  expect(parse_resource(resource, problems).has_value(), "an accepted resource is accepted as it is stored",
         problems.text() + "\n" + resource.json);
  LoadedResources again = load_resources_text(resource.json, "stored.json");
  expect(again.ok() && again.resources.size() == 1, "an accepted resource is accepted from a file", resource.json);
  if (again.resources.size() == 1) expect_same(again.resources[0].json, resource.json, "its bytes do not change");
  Result<ResourceKey> key = ResourceKey::parse(resource.key.text());
  expect(key && *key == resource.key, "a key is its text", resource.key.text());
}

// Nobody may be offered what cannot be served: all at once, then each alone as a change.
void expect_snapshot(const std::vector<Resource>& resources) {
  SnapshotBuilder builder(ModelScope::kPart);
  ConfigChange change{ConfigChange::Kind::kReplaceAll, {1, 1}, resources, {}, std::nullopt};
  BuildOutcome built = builder.apply(std::as_const(change));
  expect(built.snapshot != nullptr || !built.problems.items.empty(), "a refusal says why");
  if (built.snapshot == nullptr) return;
  ContentHasher hasher;
  for (const Resource& resource : resources) hasher.put(resource);
  expect(built.snapshot->hash() == hasher.value(), "the hash is that of the bytes");
  change.version = {1, 2};
  change.expected_hash = hasher.value();
  expect(builder.apply(change).snapshot != nullptr, "what was taken is taken again");
}
}  // namespace

void expect_config(std::string_view text, const std::string& name) {
  Result<std::vector<Document>> documents = parse_documents(text, name);
  if (!documents) return expect(!documents.error().detail.empty(), "a refusal says why");
  for (const Document& document : *documents) expect_value(document.value);
  LoadedResources loaded = load_resources_text(text, name);
  for (const FileProblem& problem : loaded.problems) expect(!problem.text().empty(), "a problem has a text");
  if (!loaded.ok()) return;
  for (const Resource& resource : loaded.resources) expect_resource(resource);
  expect_snapshot(loaded.resources);
}
}  // namespace heddle::fuzz
