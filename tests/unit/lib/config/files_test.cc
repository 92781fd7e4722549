#include "lib/config/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/config/content_hash.h"
#include "lib/config/diff.h"

namespace heddle {
namespace {
std::string workload(std::string_view name) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: ", name,
                 "}, spec: {identity: spiffe://td/", name, "}}");
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    char name[] = "/tmp/heddle-files-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }
  void write(std::string_view name, std::string_view text) {
    ASSERT_TRUE(atomic_write(str_cat(directory_, "/", name), text, kPrivateFile));
  }
  std::string path(std::string_view name) const { return str_cat(directory_, "/", name); }
  std::string directory_;
};

TEST_F(FilesTest, LoadsADirectoryInTheOrderOfItsNames) {
  write("b.yaml", workload("b"));
  write("a.yml", workload("a1") + "\n---\n" + workload("a2"));
  write(
      "c.json",
      R"({"apiVersion":"heddle.dev/v1","kind":"Workload","metadata":{"name":"c"},"spec":{"identity":"spiffe://td/c"}})");
  write("notes.txt", "not a resource");
  write(".hidden.yaml", "broken: [");

  LoadedResources loaded = load_resources(directory_);

  ASSERT_TRUE(loaded.ok()) << loaded.text();
  std::vector<std::string> names;
  for (const Resource& resource : loaded.resources) names.push_back(resource.key.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a1", "a2", "b", "c"}));
}

TEST_F(FilesTest, NamesEveryProblemOfEveryFile) {
  write("a.yaml", "a: [\n");
  write("b.yaml", workload("x") + "\n---\n{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {}}\n");
  write("c.yaml", workload("x"));

  EXPECT_EQ(load_resources(directory_).text(),
            str_cat(path("a.yaml"), ": line 2, column 1: did not find expected node content\n", path("b.yaml"),
                    ":3: Service s: spec.ports: is required\n", path("c.yaml"),
                    ":1: Workload x: metadata.name: stands twice; the first is in ", path("b.yaml"), ":1"));
}

TEST_F(FilesTest, SaysThatAFileIsMissing) {
  EXPECT_EQ(load_resources(path("no.yaml")).text(), path("no.yaml") + ": cannot open: No such file or directory");
}

TEST_F(FilesTest, OpensLists) {
  write("l.yaml", str_cat("apiVersion: v1\nkind: List\nitems:\n- ", workload("a"), "\n- ", workload("b"), "\n"));

  EXPECT_EQ(load_resources(path("l.yaml")).resources.size(), 2U);
}

TEST_F(FilesTest, PutsResourcesIntoTheNamespaceThatWasAskedFor) {
  LoadedResources loaded = load_resources_text(workload("a"), "-", {EnvelopeSource::kAuthor, "team"});

  EXPECT_EQ(loaded.resources.at(0).key.text(), "Workload/team/a");
}

TEST_F(FilesTest, AtomicWriteReplacesAndSetsTheMode) {
  write("f", "old");

  ASSERT_TRUE(atomic_write(path("f"), "new", kPublicFile));

  EXPECT_EQ(*read_file(path("f"), 100), "new");
  EXPECT_EQ(std::filesystem::status(path("f")).permissions(), std::filesystem::perms(0644));
  EXPECT_EQ(list_files(directory_)->size(), 1U);
}

TEST_F(FilesTest, ReadRefusesWhatIsTooLarge) {
  write("f", "12345");

  EXPECT_EQ(read_file(path("f"), 4).error().reason, Reason::kTooLarge);
  EXPECT_EQ(read_file(path("g"), 4).error().reason, Reason::kNotFound);
  EXPECT_EQ(read_file(directory_, 4).error().reason, Reason::kIo);
}

TEST_F(FilesTest, AFailedWriteLeavesNothingBehind) {
  ASSERT_TRUE(ensure_private_dir(path("d")));

  EXPECT_FALSE(atomic_write(path("d"), "x", kPrivateFile));  // a directory cannot be replaced

  EXPECT_TRUE(list_files(directory_)->empty());
}

TEST_F(FilesTest, APrivateDirectoryIsClosedToOthers) {
  ASSERT_TRUE(ensure_private_dir(path("d")));
  ASSERT_TRUE(ensure_private_dir(path("d")));
  std::filesystem::permissions(path("d"), std::filesystem::perms(0750));

  EXPECT_FALSE(ensure_private_dir(path("d")));
  write("f", "");
  EXPECT_FALSE(ensure_private_dir(path("f")));
}

TEST(ContentHasher, DoesNotDependOnTheOrder) {
  Resource a{{Kind::kService, "n", "a"}, "{}"};
  Resource b{{Kind::kBackendSet, "n", "b"}, "{}"};
  ContentHasher one;
  ContentHasher two;

  one.put(a);
  one.put(b);
  two.put(b);
  two.put({a.key, "other"});
  EXPECT_NE(one.value(), two.value());
  two.put(a);

  EXPECT_EQ(one.value(), two.value());
  one.erase(a.key);
  EXPECT_NE(one.value(), two.value());
}

// The definition, spelled out: other implementations compute it alike.
TEST(ContentHasher, HashesKeyZeroAndDigestInTheOrderOfKeyTexts) {
  ContentHasher hasher;
  hasher.put({{Kind::kService, "n", "a"}, "{}"});
  hasher.put({{Kind::kBackendSet, "n", "b"}, "{}"});
  Sha256Digest digest = sha256(as_bytes("{}"));
  std::string expected("BackendSet/n/b\0", 15);
  expected.append(as_text(digest)).append("Service/n/a\0", 12).append(as_text(digest));

  EXPECT_EQ(hasher.value(), sha256(as_bytes(expected)));
}

// More of them than are hashed at once, one of them put twice.
TEST(ContentHasher, HashesManyAsOneText) {
  ContentHasher hasher;
  std::string expected;
  for (int i = 1000; i < 1300; ++i) {
    std::string key = "Service/n/s" + std::to_string(i);
    Sha256Digest digest = sha256(as_bytes(key));
    hasher.put(key, sha256(as_bytes("old")));
    hasher.put(key, digest);
    expected.append(key).append("\0", 1).append(as_text(digest));
  }

  EXPECT_EQ(hasher.size(), 300U);
  EXPECT_EQ(hasher.value(), sha256(as_bytes(expected)));
}

TEST(Diff, ComparesSetsByBytes) {
  ResourceKey a{Kind::kService, "n", "a"};
  ResourceKey b{Kind::kService, "n", "b"};
  ResourceKey c{Kind::kService, "n", "c"};
  ResourceKey d{Kind::kService, "n", "d"};
  std::vector<Resource> before = {{a, "1"}, {b, "1"}, {c, "1"}};
  std::vector<Resource> after = {{b, "2"}, {c, "1"}, {d, "1"}};

  EXPECT_EQ(
      diff_resources(before, after),
      (std::vector<ResourceChange>{{a, ChangeKind::kRemoved}, {b, ChangeKind::kChanged}, {d, ChangeKind::kAdded}}));
}

TEST(Diff, NamesTheFieldsThatDiffer) {
  auto before = *JsonValue::parse(R"({"a":1,"b":{"c":[1,2]},"d":5})");
  auto after = *JsonValue::parse(R"({"a":1,"b":{"c":[1,3,4]},"e":{}})");

  std::string text;
  for (const FieldChange& change : diff_fields(before, after)) {
    text.append(str_cat(change.path, ": ", change.before ? change.before->compact() : "-", " -> ",
                        change.after ? change.after->compact() : "-", "\n"));
  }

  EXPECT_EQ(text, "b.c[1]: 2 -> 3\nb.c[2]: - -> 4\nd: 5 -> -\ne: - -> {}\n");
}
}  // namespace
}  // namespace heddle
