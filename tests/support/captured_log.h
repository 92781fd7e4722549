// CapturedLog: a Log whose lines a test can look at. Everything from trace up, JSON. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/base/log.h"

namespace heddle {
class CapturedLog {
 public:
  CapturedLog() : log_(make(*this)) {}
  Log& log() { return *log_; }
  std::vector<std::string> lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  bool contains(std::string_view text) const {
    std::lock_guard lock(mutex_);
    for (const std::string& line : lines_) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  static std::unique_ptr<Log> make(CapturedLog& self) {
    LogOptions options;
    options.target = LogOptions::Target::kCallback;
    options.filter.everything_else = LogLevel::kTrace;
    options.callback = [&self](std::string_view line) {
      std::lock_guard lock(self.mutex_);
      self.lines_.emplace_back(line);
    };
    return *Log::create(std::move(options));
  }
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::unique_ptr<Log> log_;
};
}  // namespace heddle
