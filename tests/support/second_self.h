// SecondSelf: this test program once more, as a process of its own, which runs the one test that started it and can be
// killed at any point. The test begins with
//   if (std::optional<std::string> part = SecondSelf::part()) play(*part);   // never returns
// A process that is spawned, not forked: loops, threads and sockets of the first are not in it. It says what the first
// is to know, in messages of one kind and one number, each whole or not at all. It ends with the first.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace heddle {
class SecondSelf {
 public:
  struct Said {
    uint64_t what = 0;
    uint64_t number = 0;
  };
  // --- in the second
  static std::optional<std::string> part();  // what it was started with; nothing: we are the first
  static void say(Said);

  // --- in the first, inside a test
  explicit SecondSelf(const std::string& part);
  ~SecondSelf() { kill(); }
  SecondSelf(const SecondSelf&) = delete;
  SecondSelf& operator=(const SecondSelf&) = delete;
  // What it said since; does not wait.
  std::vector<Said> hear();
  // Its end of the pipe is closed, and all it said was heard.
  bool has_ended() const noexcept { return has_ended_; }
  // SIGKILL; what it said before can be heard afterwards.
  void kill();

 private:
  TempDir folder_;  // for its temporary files, which it cannot remove when it is killed
  pid_t pid_ = -1;
  UniqueFd said_;
  std::string unread_;
  bool has_ended_ = false;
};
}  // namespace heddle
