#include "control/federation/federated_files.h"

#include "lib/base/file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/federation/federation_fixtures.h"

namespace heddle {
namespace {
StoredFederated stored(const TestCa& ca) {
  return {ca.trust_domain().name(), std::string(64, 'a'), WallTime(1'800'000'000s), bundle_of(ca, 7)};
}

TEST(FederatedFiles, ComeBackAsTheyWere) {
  TempDir dir;
  std::string directory = dir / "federated";
  TestCa ca("p.test");
  ASSERT_TRUE(load_federated(directory)) << "makes the directory";

  ASSERT_TRUE(save_federated(directory, stored(ca)));
  auto loaded = load_federated(directory);

  ASSERT_TRUE(loaded) << loaded.error().text();
  ASSERT_EQ(loaded->good.size(), 1U);
  EXPECT_TRUE(loaded->bad.empty());
  EXPECT_EQ(loaded->good[0].trust_domain, "p.test");
  EXPECT_EQ(loaded->good[0].given, std::string(64, 'a'));
  EXPECT_EQ(loaded->good[0].fetched, WallTime(1'800'000'000s));
  EXPECT_EQ(loaded->good[0].bundle.roots->pins(), ca.roots()->pins());
  EXPECT_EQ(loaded->good[0].bundle.roots->notes().sequence, 7U);
}

TEST(FederatedFiles, NamesOfDomainsNeverLeaveTheDirectory) {
  for (std::string_view name : {"..", ".", "a"}) {
    std::string file = federated_file("/d", name);
    EXPECT_EQ(file.size(), std::string("/d/.json").size() + 64) << file;
  }
}

TEST(FederatedFiles, ADamagedOneIsNamedAndTheOthersCount) {
  TempDir dir;
  TestCa ca("p.test");
  TestCa other("q.test");
  ASSERT_TRUE(save_federated(dir.path(), stored(ca)));
  std::string path = federated_file(dir.path(), "q.test");
  ASSERT_TRUE(atomic_write(path, to_json(stored(other)).substr(5), kPrivateFile));

  auto loaded = load_federated(dir.path());

  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->good.size(), 1U);
  ASSERT_EQ(loaded->bad.size(), 1U);
  EXPECT_NE(loaded->bad[0].text().find(path), std::string::npos) << loaded->bad[0].text();
}

TEST(FederatedFiles, OneOfAnotherDomainCountsForNothing) {
  TempDir dir;
  ASSERT_TRUE(atomic_write(federated_file(dir.path(), "q.test"), to_json(stored(TestCa("p.test"))), kPrivateFile));

  auto loaded = load_federated(dir.path());

  EXPECT_TRUE(loaded->good.empty());
  EXPECT_EQ(loaded->bad.size(), 1U);
}

TEST(FederatedFiles, RemovingIsNoErrorWhenThereIsNone) {
  TempDir dir;
  ASSERT_TRUE(save_federated(dir.path(), stored(TestCa("p.test"))));

  EXPECT_TRUE(remove_federated(dir.path(), "p.test"));
  EXPECT_TRUE(remove_federated(dir.path(), "p.test"));
  EXPECT_TRUE(load_federated(dir.path())->good.empty());
}

TEST(FederatedFiles, RefuseWhatIsNotComplete) {
  for (std::string_view text :
       {"", "{}", "[]", R"({"trustDomain":"p.test","given":"","fetched":"x","bundle":{"keys":[]}})",
        R"({"trustDomain":"P","given":"","fetched":"2026-01-01T00:00:00Z","bundle":{"keys":[]}})",
        R"({"trustDomain":"p","given":"","fetched":"2026-01-01T00:00:00Z","bundle":{}})"}) {
    EXPECT_FALSE(parse_stored_federated(text)) << text;
  }
}
}  // namespace
}  // namespace heddle
