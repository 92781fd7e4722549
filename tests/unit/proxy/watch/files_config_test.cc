#include "proxy/watch/files_config.h"

#include <gtest/gtest.h>

#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
using Look = FilesLoader::Look;
constexpr std::string_view kBad =
    "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: 7, y: 1}\n";

size_t services(const std::shared_ptr<const Snapshot>& snapshot) { return snapshot->model().services.size(); }

TEST(FilesLoader, LoadsADirectory) {
  TempDir temp;
  temp.write("a.yaml", service_yaml("a"));
  temp.write("b.yaml", service_yaml("b"));

  FilesLoader::Loaded loaded = FilesLoader(temp.path()).look(Look::kAlways);

  ASSERT_NE(loaded.snapshot, nullptr) << loaded.problems.front();
  EXPECT_EQ(services(loaded.snapshot), 2U);
}

TEST(FilesLoader, DoesNotReadWhatNobodyTouched) {
  TempDir temp;
  FilesLoader loader(temp.write("a.yaml", service_yaml("a")));
  loader.look(Look::kIfTouched);

  EXPECT_FALSE(loader.look(Look::kIfTouched).changed);
}

TEST(FilesLoader, PublishesNothingForTheSameContentInAnotherFile) {
  TempDir temp;
  FilesLoader loader(temp.write("a.yaml", service_yaml("a")));
  loader.look(Look::kAlways);

  temp.write("a.yaml", "# a comment\n" + service_yaml("a"));

  EXPECT_FALSE(loader.look(Look::kIfTouched).changed);
}

TEST(FilesLoader, NamesEveryProblem) {
  TempDir temp;
  FilesLoader loader(temp.path());
  temp.write("a.yaml", kBad);
  temp.write("b.yaml", "kind: [");

  FilesLoader::Loaded loaded = loader.look(Look::kAlways);

  EXPECT_EQ(loaded.snapshot, nullptr);
  EXPECT_GE(loaded.problems.size(), 3U);
}

TEST(FilesLoader, TakesTheNextGoodSetAfterABadOne) {
  TempDir temp;
  FilesLoader loader(temp.write("a.yaml", service_yaml("a")));
  loader.look(Look::kAlways);
  temp.write("a.yaml", kBad);
  ASSERT_EQ(loader.look(Look::kIfTouched).snapshot, nullptr);

  temp.write("a.yaml", service_yaml("a"));
  FilesLoader::Loaded loaded = loader.look(Look::kIfTouched);

  ASSERT_NE(loaded.snapshot, nullptr);
  EXPECT_TRUE(loaded.problems.empty());
}

class FilesConfigTest : public testing::Test {
 protected:
  template <class Done>
  void run_until(Done done) {
    loop_.run_until(done);
  }
  TempDir temp_;
  std::string file_ = temp_.write("a.yaml", service_yaml("a"));
  CapturedLog log_;
  Loop loop_;
  FilesConfig config_{loop_, log_.log().module("config"), file_};
};

TEST_F(FilesConfigTest, PublishesAtStart) {
  config_.start();
  run_until([&] { return config_.snapshots().current() != nullptr; });

  EXPECT_EQ(config_.status().version, (Version{0, 1}));
}

TEST_F(FilesConfigTest, SeesAReplacedFileByItself) {
  config_.start();
  run_until([&] { return config_.snapshots().current() != nullptr; });

  temp_.write("a.yaml", service_yaml("b"));
  run_until([&] { return config_.status().version == Version{0, 2}; });

  EXPECT_EQ(services(config_.snapshots().current()), 1U);
}

TEST_F(FilesConfigTest, RefusesABadFileAndKeepsTheOld) {
  config_.start();
  run_until([&] { return config_.snapshots().current() != nullptr; });

  temp_.write("a.yaml", kBad);
  config_.reload();
  run_until([&] { return !config_.status().problems.empty(); });

  EXPECT_EQ(config_.status().version, (Version{0, 1}));
  EXPECT_GE(config_.status().problems.size(), 2U);
  EXPECT_NE(config_.status().problems.front().find("a.yaml"), std::string::npos);
}

TEST_F(FilesConfigTest, SaysWhyItHasNothing) {
  temp_.write("a.yaml", kBad);

  config_.start();
  run_until([&] { return !config_.status().problems.empty(); });

  EXPECT_EQ(config_.snapshots().current(), nullptr);
  EXPECT_FALSE(config_.status().last_error.empty());
}

TEST_F(FilesConfigTest, CountsWhatItRefuses) {
  config_.start();
  run_until([&] { return config_.snapshots().current() != nullptr; });
  uint64_t before = config_.counts().refused;

  temp_.write("a.yaml", kBad);
  config_.reload();
  run_until([&] { return !config_.status().problems.empty(); });
  uint64_t once = config_.counts().refused;
  temp_.write("a.yaml", service_yaml("b"));
  config_.reload();
  run_until([&] { return config_.status().problems.empty(); });

  EXPECT_EQ(before, 0U);
  EXPECT_EQ(once, 1U);
  EXPECT_EQ(config_.counts().refused, 1U);
}
}  // namespace
}  // namespace heddle
