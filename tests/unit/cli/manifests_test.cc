#include "cli/manifests.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cli/manifest_files.h"
#include "lib/config/yaml.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
JsonValue json(std::string_view text) { return JsonValue::parse(text).value_or(JsonValue()); }

TEST(Manifests, AreTheFilesAndCanBeRead) {
  EXPECT_GE(manifest_files().size(), 8U);
  for (const ManifestFile& file : manifest_files()) {
    std::ostringstream there;
    there << std::ifstream(source_directory() / "k8s" / file.path).rdbuf();
    EXPECT_EQ(there.str(), file.text) << file.path;
    auto read = parse_documents(file.text, file.path);
    EXPECT_TRUE(read) << file.path << ": " << (read ? "" : read.error().detail);
  }
}

TEST(Manifests, PatchesGoIntoObjectsMemberByMember) {
  EXPECT_EQ(merge_manifest(json(R"({"a":{"b":1,"c":2},"d":3})"), json(R"({"a":{"b":5,"e":6},"d":null})")),
            json(R"({"a":{"b":5,"c":2,"e":6}})"));
}

TEST(Manifests, PatchesGoIntoListsByNameAndReplaceTheOthers) {
  EXPECT_EQ(
      merge_manifest(json(R"([{"name":"a","x":1,"y":2},{"name":"b"}])"), json(R"([{"name":"c"},{"name":"a","x":3}])")),
      json(R"([{"name":"c"},{"name":"a","x":3,"y":2},{"name":"b"}])"));
  EXPECT_EQ(merge_manifest(json(R"(["a","b"])"), json(R"(["c"])")), json(R"(["c"])"));
}

TEST(Manifests, TheWebhookIsMadeLastAndGoesFirst) {
  InstallChoice choice;
  choice.overlay = "ha";
  std::vector<JsonValue> made = install_objects(choice);
  std::vector<JsonValue> gone = uninstall_objects(choice, CrdsToo::kYes);

  EXPECT_EQ(made.back().find("kind")->as_string(), "MutatingWebhookConfiguration");
  EXPECT_EQ(gone.front().find("kind")->as_string(), "MutatingWebhookConfiguration");
  EXPECT_EQ(made.front().find("kind")->as_string(), "Namespace");
  EXPECT_EQ(gone.size(), made.size());
  EXPECT_FALSE(gone.front().find("webhooks"));
  EXPECT_EQ(uninstall_objects(choice, CrdsToo::kNo).size(), made.size() - 8);
}
}  // namespace
}  // namespace heddle
