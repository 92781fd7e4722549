#include "k8s/init/tool.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
// Files in memory instead of pipes: nobody waits for who reads.
Result<UniqueFd> file_with(const std::string& text) {
  UniqueFd fd(memfd_create("heddle-init", MFD_CLOEXEC));
  if (!fd) return io_error("memfd_create", errno);
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return io_error("write", errno);
  if (lseek(fd.get(), 0, SEEK_SET) != 0) return io_error("lseek", errno);
  return fd;
}

std::string content(const UniqueFd& fd) {
  std::string out;
  std::array<char, 4096> room{};
  for (ssize_t got = 1; got > 0;) {
    got = pread(fd.get(), room.data(), room.size(), static_cast<off_t>(out.size()));
    if (got > 0) out.append(room.data(), static_cast<size_t>(got));
  }
  return out;
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  void put(const UniqueFd& fd, int as) { posix_spawn_file_actions_adddup2(&actions_, fd.get(), as); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

Result<int> wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return io_error("waitpid", errno);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Error failed(int code, const ToolAnswer& answer) {
  std::string_view said = trim(answer.errors);
  std::string_view line = trim(said.substr(0, said.find('\n')));
  return make_error(Reason::kIo, line.empty() ? str_cat("exit code ", std::to_string(code)) : std::string(line));
}
}  // namespace

Result<ToolAnswer> run_tool(const std::vector<std::string>& argv, const std::string& input) {
  HEDDLE_TRY(UniqueFd in, file_with(input));
  HEDDLE_TRY(UniqueFd out, file_with({}));
  HEDDLE_TRY(UniqueFd errors, file_with({}));
  FileActions actions;
  actions.put(in, STDIN_FILENO);
  actions.put(out, STDOUT_FILENO);
  actions.put(errors, STDERR_FILENO);
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = 0;
  int code = posix_spawnp(&child, words[0], actions.get(), nullptr, words.data(), environ);
  if (code == ENOENT) return make_error(Reason::kNotFound, str_cat(argv[0], " is not installed"));
  if (code != 0) return io_error(argv[0], code);
  HEDDLE_TRY(int status, wait_for(child));
  ToolAnswer answer{content(out), content(errors)};
  if (status != 0) return failed(status, answer).within(argv[0]);
  return answer;
}
}  // namespace heddle
