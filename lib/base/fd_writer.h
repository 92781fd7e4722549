// FdWriter: writes text to a file (opened for append, reopened for log rotation) or to an inherited descriptor. It may
// wait for a slow reader, so it belongs to a writer thread, never to a loop. ask_reopen() and hurry() may be called
// from any thread; write() from one.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/clock.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace heddle {
class FdWriter {
 public:
  static constexpr Duration kPatienceWhenHurried = 1s;  // in total, once hurry() was called
  // Mode 0640.
  static Result<std::unique_ptr<FdWriter>> open_file(std::string path);
  // Does not own the descriptor and does not change its flags: others may share it.
  explicit FdWriter(int inherited_fd);
  explicit FdWriter(std::string path, UniqueFd file);

  // False when part of it was lost: the write failed, or the reader was too slow and we are in a hurry.
  bool write(std::string_view text) noexcept;
  // The file is opened again before the next write; if that fails, the old one stays.
  void ask_reopen() noexcept { reopen_.store(!path_.empty(), std::memory_order_relaxed); }
  // The process ends: a reader that is stuck may hold us up for kPatienceWhenHurried and no longer.
  void hurry() noexcept { in_hurry_.store(true, std::memory_order_relaxed); }

 private:
  void adopt(int fd) noexcept;
  void reopen() noexcept;
  bool wait_for_room() noexcept;
  int fd_ = -1;
  bool can_block_ = true;  // a pipe, terminal or socket
  std::string path_;
  UniqueFd file_;
  int patience_ms_;
  std::atomic<bool> reopen_{false};
  std::atomic<bool> in_hurry_{false};
};
}  // namespace heddle
