// Progress: one line on standard error that says what is waited for, while somebody watches: on a terminal only, and
// gone when the waiting is over, so that nothing of it is in a pipe or a log.
#pragma once
#include <string_view>

#include "cli/console.h"

namespace heddle {
class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // In place of what was shown before; cut to a terminal's line.
  void show(std::string_view text);
  void clear();

 private:
  static constexpr size_t kMaxColumns = 79;
  Console& console_;
  bool shown_ = false;
};
}  // namespace heddle
