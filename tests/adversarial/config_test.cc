// Configuration (data/config.cases) with everything that lenient readers of JSON and YAML take, and what a strict model
// refuses: texts, resources one by one and together, bootstrap files. A refusal names the place; nothing throws.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/files.h"
#include "lib/config/yaml.h"
#include "lib/snapshot/snapshot_builder.h"
#include "proxy/app/bootstrap.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/every_type.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
namespace {
std::string envelope(std::string_view api, std::string_view kind) {
  return str_cat("apiVersion: ", api, "\nkind: ", kind, "\nmetadata: {name: x}\n");
}
// Beginnings of resources, and parts of bootstrap files.
std::vector<std::string> texts_named(std::string_view name) {
  if (name == "S") return {envelope("heddle.dev/v1", "Service")};
  if (name == "B") return {envelope("heddle.dev/v1", "BackendSet")};
  if (name == "H") return {envelope("heddle.dev/v1", "HealthPolicy")};
  if (name == "T") return {envelope("heddle.dev/v1", "TrafficPolicy")};
  if (name == "A") return {envelope("heddle.dev/v1", "AuthorizationPolicy")};
  if (name == "W") return {envelope("heddle.dev/v1", "Workload")};
  if (name == "F") return {envelope("heddle.dev/v1", "FederatedTrustDomain")};
  if (name == "X") return {envelope("heddle.dev/v1", "HTTPRouteFilter")};
  if (name == "L") return {envelope("heddle.dev/v1", "RateLimitPolicy")};
  if (name == "R") return {envelope("gateway.networking.k8s.io/v1", "HTTPRoute")};
  if (name == "TCP") return {envelope("gateway.networking.k8s.io/v1alpha2", "TCPRoute")};
  if (name == "TLS") return {envelope("gateway.networking.k8s.io/v1alpha3", "TLSRoute")};
  if (name == "PARENT") return {"parentRefs: [{group: \"\", kind: Service, name: x}]"};
  if (name == "BACKEND") return {"backendRefs: [{group: heddle.dev, kind: BackendSet, name: x}]"};
  if (name == "MESH") {
    return {str_cat(envelope("heddle.dev/v1", "Service"), "spec: {ports: [{port: 80}]}\n---\n",
                    envelope("heddle.dev/v1", "BackendSet"),
                    "spec: {tls: plaintext, endpoints: [{address: 10.0.0.1, port: 80}]}\n---\n")};
  }
  if (name == "BOOT") return {"config: {source: files, path: /x}\n"};
  return {};
}

// What each reader says: "" when it takes the text.
using Reader = std::string (*)(const std::string&);

template <class T>
std::string said(const Result<T>& result) {
  return result ? "" : str_cat("refused: ", result.error().detail);
}
std::string read_json(const std::string& text) { return said(JsonValue::parse(text)); }
std::string read_json_file(const std::string& text) { return said(parse_documents(text, "x.json")); }
std::string read_yaml(const std::string& text) { return said(parse_documents(text, "x.yaml")); }
std::string read_resources(const std::string& text) { return load_resources_text(text, "x.yaml").text(); }
std::string read_bootstrap(const std::string& text) { return said(parse_bootstrap(text, "x.yaml")); }
std::string read_mesh(const std::string& text) {
  LoadedResources loaded = load_resources_text(text, "x.yaml");
  if (!loaded.ok()) return loaded.text();
  SnapshotBuilder builder(ModelScope::kWhole);
  ConfigChange change;
  change.kind = ConfigChange::Kind::kReplaceAll;
  change.puts = std::move(loaded.resources);
  BuildOutcome outcome = builder.apply(change);
  return outcome ? "" : str_cat("refused: ", outcome.problems.text());
}
// Every field of the resource as every other type: the list of those that were not refused by name.
std::string read_every_type(const std::string& text) {
  std::string silent;
  for (const Retyped& other : every_type_of(parse_documents(text, "x.yaml")->front().value)) {
    std::string says = load_resources_text(other.json, "x.json").text();
    if (says.find(other.path) == says.npos) silent += str_cat(other.path, " as ", other.type, ": ", says, "; ");
  }
  return silent;
}

Reader reader_of(std::string_view verb) {
  if (verb == "json") return read_json;
  if (verb == "json-file") return read_json_file;
  if (verb == "yaml") return read_yaml;
  if (verb == "resource") return read_resources;
  if (verb == "mesh") return read_mesh;
  if (verb == "bootstrap") return read_bootstrap;
  if (verb == "types") return read_every_type;
  return nullptr;
}

// "cut" in front of the verb: the text cut at every byte.
std::vector<std::string> cut_everywhere(const std::vector<std::string>& whole) {
  std::vector<std::string> out;
  for (const std::string& text : whole) {
    for (size_t size = 0; size < text.size(); ++size) out.push_back(text.substr(0, size));
  }
  return out;
}

class Config : public testing::TestWithParam<Case> {
 protected:
  void play();
};

void Config::play() {
  Expected expected(GetParam());
  std::string_view input = GetParam().input;
  bool cut = input.starts_with("cut ");
  if (cut) input.remove_prefix(4);
  size_t space = input.find(' ');
  Reader read = reader_of(input.substr(0, space));
  ASSERT_NE(read, nullptr) << input;
  std::vector<std::string> texts = documents_of(input.substr(space + 1), texts_named);

  for (const std::string& text : cut ? cut_everywhere(texts) : texts) {
    std::string says = read == read_every_type ? read(text) : bounded(text.size(), [&] { return read(text); });
    EXPECT_EQ(says.empty() ? "taken" : "refused", expected.first()) << text.substr(0, 400) << "\n" << says;
    EXPECT_EQ(unsaid(expected, says), "") << text.substr(0, 400);
    EXPECT_LT(says.size(), 20000U) << "the message holds the input";
  }
}

TEST_P(Config, IsTakenOrRefusedByName) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (configuration)"));
  play();
}

INSTANTIATE_TEST_SUITE_P(Cases, Config, testing::ValuesIn(load_cases("config.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
