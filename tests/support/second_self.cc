#include "tests/support/second_self.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "lib/base/assert.h"
#include "lib/base/strings.h"

extern char** environ;

namespace heddle {
namespace {
constexpr const char* kPart = "HEDDLE_TEST_PART";
constexpr int kSayFd = 3;

// Its arguments are those of a death test: only the test that runs now.
std::vector<std::string> arguments() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  HEDDLE_CHECK(test != nullptr);
  return {std::filesystem::read_symlink("/proc/self/exe").string(),
          str_cat("--gtest_filter=", test->test_suite_name(), ".", test->name()), "--gtest_brief=1", "--gtest_output="};
}

// Shards, repetitions and reports are the first one's.
std::vector<std::string> environment(const std::string& part, const std::string& folder) {
  std::vector<std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    std::string_view one = *at;
    if (!one.starts_with("GTEST_") && !one.starts_with("TMPDIR=")) out.emplace_back(one);
  }
  out.push_back(str_cat(kPart, "=", part));
  out.push_back(str_cat("TMPDIR=", folder));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

pid_t spawn(const std::string& part, const std::string& folder, int say) {
  std::vector<std::string> arguments_of_it = arguments();
  std::vector<std::string> environment_of_it = environment(part, folder);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, say, kSayFd);
  pid_t pid = -1;
  int failed = ::posix_spawn(&pid, arguments_of_it.front().c_str(), &files, nullptr, pointers(arguments_of_it).data(),
                             pointers(environment_of_it).data());
  posix_spawn_file_actions_destroy(&files);
  HEDDLE_CHECK(failed == 0);
  return pid;
}
}  // namespace

std::optional<std::string> SecondSelf::part() {
  const char* given = std::getenv(kPart);
  if (given == nullptr) return std::nullopt;
  HEDDLE_CHECK(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  return std::string(given);
}

// Less than PIPE_BUF, so it is whole. Who listens no more is gone.
void SecondSelf::say(Said said) {
  if (::write(kSayFd, &said, sizeof said) != sizeof said) ::_exit(1);
}

SecondSelf::SecondSelf(const std::string& part) {
  std::array<int, 2> ends{};
  HEDDLE_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  said_.reset(ends[0]);
  UniqueFd say(ends[1]);
  HEDDLE_CHECK(::fcntl(said_.get(), F_SETFL, O_NONBLOCK) == 0);
  pid_ = spawn(part, folder_.path(), say.get());
}

std::vector<SecondSelf::Said> SecondSelf::hear() {
  std::array<char, 4096> bytes{};
  while (!has_ended_) {
    ssize_t n = ::read(said_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    has_ended_ = n == 0;
    unread_.append(bytes.data(), static_cast<size_t>(n));
  }
  std::vector<Said> out(unread_.size() / sizeof(Said));
  if (!out.empty()) std::memcpy(out.data(), unread_.data(), out.size() * sizeof(Said));
  unread_.erase(0, out.size() * sizeof(Said));
  return out;
}

void SecondSelf::kill() {
  pid_t pid = std::exchange(pid_, -1);
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}
}  // namespace heddle
