// Log: the process's own log (not the access log): JSON or text lines to stderr, stdout or a file, one level per
// module, changeable at run time. Made once in main() and passed by reference; it outlives every Logger.
// Thread-safe; a call never blocks a loop: lines wait in a bounded queue for one writer thread, the oldest are dropped
// and counted when it is full. A call below the module's level costs one relaxed load.
// Never log secrets: no tokens, keys, header values or bodies; a LogValue therefore takes no Bytes.
#pragma once
#include <atomic>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/result.h"

namespace heddle {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };
std::string_view to_text(LogLevel) noexcept;  // "trace" ... "error", "off"
Result<LogLevel> parse_log_level(std::string_view);

// "warn,upstream=debug,http2=trace": a default and exceptions by module.
struct LogFilter {
  LogLevel everything_else = LogLevel::kInfo;
  std::map<std::string, LogLevel, std::less<>> modules;
  LogLevel level_of(std::string_view module) const;
  static Result<LogFilter> parse(std::string_view text);
  std::string text() const;
};

// A value of a key; views live until the call returns. Numbers and booleans stay typed in JSON.
class LogValue {
 public:
  LogValue(std::string_view v) : value_(v) {}                                 // NOLINT: implicit by design
  LogValue(const char* v) : value_(std::string_view(v)) {}                    // NOLINT
  LogValue(const std::string& v) : value_(std::string_view(v)) {}             // NOLINT
  LogValue(std::same_as<bool> auto v) : value_(v) {}                          // NOLINT
  LogValue(std::signed_integral auto v) : value_(static_cast<int64_t>(v)) {}  // NOLINT
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogValue(T v) : value_(static_cast<uint64_t>(v)) {}  // NOLINT
  LogValue(double v) : value_(v) {}                                                     // NOLINT
  LogValue(Duration v) : value_(std::chrono::duration<double>(v).count()) {}            // NOLINT: as seconds
  LogValue(const Address& v) : value_(v.text()) {}                                      // NOLINT
  LogValue(const Error& v) : value_(v.text()) {}                                        // NOLINT
  LogValue(Reason v) : value_(info(v).name) {}                                          // NOLINT
  void append_json(std::string& out) const;
  void append_text(std::string& out) const;  // quoted when it holds anything but a plain word

 private:
  std::variant<std::string_view, std::string, bool, int64_t, uint64_t, double> value_;
};

struct LogField {
  std::string_view key;  // snake_case; ts, level, logger and msg are taken
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  enum class Format : uint8_t { kJson, kText };
  enum class Target : uint8_t { kStderr, kStdout, kFile, kCallback };
  Format format = Format::kJson;
  Target target = Target::kStderr;
  std::string file;  // kFile: opened for append, mode 0640
  std::function<void(std::string_view)>
      callback;  // kCallback: on the logging thread (maybe several at once), one whole line
  LogFilter filter;
  size_t queue_lines = 1024;     // 656 bytes each, from the start
  const Clock* clock = nullptr;  // must be usable from any thread; nullptr: the system's
};

namespace detail {
class LogCore;
struct LogModule;
}  // namespace detail

// At most `per_second` lines for one key of a module; the next line that passes says how many were suppressed.
struct LogRate {
  std::string_view key;  // a literal that names the call site
  uint32_t per_second = 1;
};

// A handle: copy it freely. A default-made one discards everything.
class Logger {
 public:
  Logger() = default;
  bool is_enabled(LogLevel level) const noexcept {
    return level_ != nullptr && level >= level_->load(std::memory_order_relaxed) && level != LogLevel::kOff;
  }
  void trace(std::string_view message, LogFields fields = {}) const { log(LogLevel::kTrace, message, fields); }
  void debug(std::string_view message, LogFields fields = {}) const { log(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, LogFields fields = {}) const { log(LogLevel::kInfo, message, fields); }
  void warn(std::string_view message, LogFields fields = {}) const { log(LogLevel::kWarn, message, fields); }
  void error(std::string_view message, LogFields fields = {}) const { log(LogLevel::kError, message, fields); }
  void log(LogLevel level, std::string_view message, LogFields fields = {}) const {
    if (is_enabled(level)) write(level, message, fields);
  }
  // For what a peer can provoke at will.
  void limited(LogLevel level, LogRate rate, std::string_view message, LogFields fields = {}) const {
    if (is_enabled(level)) write_limited(level, rate, message, fields);
  }

 private:
  friend class Log;
  explicit Logger(detail::LogModule& module);
  void write(LogLevel, std::string_view message, LogFields) const;
  void write_limited(LogLevel, LogRate, std::string_view message, LogFields) const;
  const std::atomic<LogLevel>* level_ = nullptr;
  detail::LogModule* module_ = nullptr;
};

class Log {
 public:
  // Fails when the file cannot be opened.
  static Result<std::unique_ptr<Log>> create(LogOptions);
  explicit Log(std::unique_ptr<detail::LogCore>);  // for create()
  ~Log();                                          // writes what is queued
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // The same name gives the same module; names are snake_case.
  Logger module(std::string_view name);
  void set_filter(const LogFilter&);
  // kNotFound when no part of this process logs under that name.
  Result<void> set_level(std::string_view module, LogLevel);
  std::map<std::string, LogLevel, std::less<>> levels() const;
  // The file is opened again before the next line (log rotation).
  void reopen();
  uint64_t dropped() const;  // lines lost to a full queue or a failed write

 private:
  std::unique_ptr<detail::LogCore> core_;
};
}  // namespace heddle
