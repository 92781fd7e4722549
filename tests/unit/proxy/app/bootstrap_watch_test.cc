#include "proxy/app/bootstrap_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
using Cause = BootstrapWatch::Cause;

class BootstrapWatchTest : public testing::Test {
 protected:
  struct Told {
    Cause cause;
    std::string text;  // the node, or the problems
  };
  void run_until_told(size_t times) {
    loop_.run_until([&] { return told_.size() >= times; });
  }
  TempDir temp_;
  std::string file_ = temp_.write("proxy.yaml", "node: a\n");
  Loop loop_;
  std::vector<Told> told_;
  BootstrapWatch watch_{loop_, file_, [this](Cause cause, const Result<Settings>& read) {
                          told_.push_back({cause, read ? read->node : read.error().detail});
                        }};
};

TEST_F(BootstrapWatchTest, TellsWhatChangedSinceTheFirstReading) {
  temp_.write("proxy.yaml", "node: b\n");

  watch_.start();
  run_until_told(1);

  EXPECT_EQ(told_.front().text, "b");
}

TEST_F(BootstrapWatchTest, SeesAReplacedFileByItself) {
  watch_.start();
  run_until_told(1);

  temp_.write("proxy.yaml", "node: b\n");
  run_until_told(2);

  EXPECT_EQ(told_[1].text, "b");
  EXPECT_EQ(told_[1].cause, Cause::kChange);
}

TEST_F(BootstrapWatchTest, TellsAnUntouchedFileOnlyWhenAsked) {
  watch_.start();
  run_until_told(1);

  watch_.reload();
  run_until_told(2);

  EXPECT_EQ(told_[1].text, "a");
  EXPECT_EQ(told_[1].cause, Cause::kSignal);
}

TEST_F(BootstrapWatchTest, ForgetsNoSignalThatComesWhileItReads) {
  watch_.start();
  watch_.reload();
  run_until_told(2);

  EXPECT_EQ(told_[0].cause, Cause::kChange);
  EXPECT_EQ(told_[1].cause, Cause::kSignal);
}

TEST_F(BootstrapWatchTest, TellsEveryProblem) {
  temp_.write("proxy.yaml", "workers: 0\ncolour: blue\n");

  watch_.start();
  run_until_told(1);

  EXPECT_NE(told_.front().text.find("workers"), std::string::npos) << told_.front().text;
  EXPECT_NE(told_.front().text.find("colour"), std::string::npos) << told_.front().text;
}

TEST_F(BootstrapWatchTest, TellsThatTheFileIsAwayOnlyWhenAsked) {
  ASSERT_EQ(::unlink(file_.c_str()), 0);

  watch_.start();
  watch_.reload();
  run_until_told(1);

  EXPECT_EQ(told_.front().cause, Cause::kSignal);
  EXPECT_NE(told_.front().text.find(file_), std::string::npos) << told_.front().text;
}
}  // namespace
}  // namespace heddle
