#include "proxy/app/validate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
class ValidatePaths : public testing::Test {
 protected:
  std::string problems() const {
    std::string out;
    for (const std::string& problem : problems_around(settings_)) out.append(problem).append("\n");
    return out;
  }
  TempDir temp_;
  Settings settings_;
};

TEST_F(ValidatePaths, AcceptsWhatStartUpWillMake) {
  settings_.state_dir = temp_ / "state";
  settings_.log.file = temp_ / "proxy.log";
  settings_.access_log.file = temp_ / "state/access.log";
  settings_.admin_socket = *Address::from_unix(temp_ / "state/admin.sock");

  EXPECT_EQ(problems(), "");
  EXPECT_TRUE(std::filesystem::is_empty(temp_.path()));
}

TEST_F(ValidatePaths, RefusesALogThatCannotBeOpened) {
  settings_.log.file = temp_ / "none/proxy.log";
  settings_.access_log.file = temp_.path();

  EXPECT_NE(problems().find("log.file: " + settings_.log.file + ": cannot be made"), std::string::npos) << problems();
  EXPECT_NE(problems().find("accessLog.file: " + temp_.path() + ": is a directory"), std::string::npos) << problems();
}

// The process log is opened before the state directory is made.
TEST_F(ValidatePaths, RefusesAProcessLogInAStateDirectoryThatIsNotThereYet) {
  settings_.state_dir = temp_ / "state";
  settings_.log.file = temp_ / "state/proxy.log";

  EXPECT_NE(problems().find("log.file: "), std::string::npos) << problems();
}

TEST_F(ValidatePaths, RefusesAStateDirectoryThatOthersMayRead) {
  settings_.state_dir = temp_ / "state";
  ASSERT_EQ(::mkdir(settings_.state_dir.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(settings_.state_dir.c_str(), 0755), 0);

  EXPECT_NE(problems().find("stateDir: "), std::string::npos) << problems();
  EXPECT_NE(problems().find("0700"), std::string::npos) << problems();
}

TEST_F(ValidatePaths, RefusesAStateDirectoryWhoseParentIsNotThere) {
  settings_.state_dir = temp_ / "none/state";

  EXPECT_NE(problems().find("stateDir: "), std::string::npos) << problems();
}

TEST_F(ValidatePaths, RefusesASocketWhereNoneCanBeMade) {
  settings_.admin_socket = *Address::from_unix(temp_ / "none/admin.sock");
  settings_.stats = *Address::from_unix(temp_ / "none/stats.sock");

  EXPECT_NE(problems().find("admin.socket: "), std::string::npos) << problems();
  EXPECT_NE(problems().find("stats.address: "), std::string::npos) << problems();
}
}  // namespace
}  // namespace heddle
