#include "lib/base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <array>
#include <mutex>

#include "lib/base/fd_writer.h"
#include "lib/base/json_escape.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info", "warn", "error", "off"};
constexpr size_t kMaxRateKeys = 256;  // per module; later keys share one counter

// spdlog's part is the queue and the thread: lines arrive ready, this writes them. Only the writer thread calls log().
class FdSink final : public spdlog::sinks::sink {
 public:
  explicit FdSink(std::unique_ptr<FdWriter> writer) : writer_(std::move(writer)) {}
  void log(const spdlog::details::log_msg& message) override {
    bool is_written = writer_->write({message.payload.data(), message.payload.size()});
    if (!is_written) failed_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
  FdWriter& writer() { return *writer_; }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<FdWriter> writer_;
  std::atomic<uint64_t> failed_{0};
};

WallTime now_of(const Clock* clock) {
  if (clock != nullptr) return clock->wall();
  return WallTime(spdlog::details::os::now().time_since_epoch());
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "-_.:/[]@%+") == std::string_view::npos;
}

bool is_module_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}
}  // namespace

namespace detail {
struct LogLine {
  std::string_view module;
  LogLevel level;
  std::string_view message;
  LogFields fields;
  uint64_t suppressed;
};

struct LogModule {
  LogModule(LogCore& c, std::string n, LogLevel l) : core(c), name(std::move(n)), level(l) {}
  LogCore& core;
  const std::string name;
  std::atomic<LogLevel> level;
  struct Window {
    int64_t second = -1;
    uint32_t passed = 0;
    uint64_t suppressed = 0;
  };
  std::mutex mutex;  // guards windows
  std::map<std::string, Window, std::less<>> windows;
};

class LogCore {
 public:
  LogCore(LogOptions options, std::shared_ptr<FdSink> sink) : options_(std::move(options)), sink_(std::move(sink)) {
    if (sink_ == nullptr) return;
    pool_ = std::make_shared<spdlog::details::thread_pool>(options_.queue_lines, 1);
    queue_ =
        std::make_shared<spdlog::async_logger>("heddle", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest);
    queue_->set_level(spdlog::level::trace);
    queue_->set_error_handler([](const std::string&) {});  // the library's default writes to stderr
  }
  ~LogCore() {
    if (sink_ != nullptr) sink_->writer().hurry();
  }
  LogCore(const LogCore&) = delete;
  LogCore& operator=(const LogCore&) = delete;

  LogModule& module(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto found = modules_.find(name);
    if (found != modules_.end()) return *found->second;
    auto made = std::make_unique<LogModule>(*this, std::string(name), options_.filter.level_of(name));
    return *modules_.emplace(std::string(name), std::move(made)).first->second;
  }

  void set_filter(const LogFilter& filter) {
    std::lock_guard lock(mutex_);
    options_.filter = filter;
    for (auto& [name, module] : modules_) module->level.store(filter.level_of(name), std::memory_order_relaxed);
  }

  Result<void> set_level(std::string_view name, LogLevel level) {
    std::lock_guard lock(mutex_);
    auto found = modules_.find(name);
    if (found == modules_.end()) {
      return make_error(Reason::kNotFound, str_cat("no log module is called ", in_quotes(name)));
    }
    options_.filter.modules[std::string(name)] = level;
    found->second->level.store(level, std::memory_order_relaxed);
    return {};
  }

  std::map<std::string, LogLevel, std::less<>> levels() const {
    std::lock_guard lock(mutex_);
    std::map<std::string, LogLevel, std::less<>> out;
    for (auto& [name, module] : modules_) out.emplace(name, module->level.load(std::memory_order_relaxed));
    return out;
  }

  WallTime now() const { return now_of(options_.clock); }

  void write(const LogLine& part) {
    std::string line;
    line.reserve(256);
    if (options_.format == LogOptions::Format::kJson) {
      format_json(line, part);
    } else {
      format_text(line, part);
    }
    if (options_.target == LogOptions::Target::kCallback) return options_.callback(line);
    line.push_back('\n');
    // info is only what the queue needs; the level has been decided and stands in the line
    queue_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  void reopen() {
    if (sink_ != nullptr) sink_->writer().ask_reopen();
  }
  uint64_t dropped() const { return sink_ == nullptr ? 0 : sink_->failed() + pool_->overrun_counter(); }

 private:
  void format_json(std::string& out, const LogLine& part) const {
    out.append("{\"ts\":\"").append(format_time(now())).append("\",\"level\":\"").append(to_text(part.level));
    out.append("\",\"logger\":\"").append(part.module).append("\",\"msg\":");
    append_json_string(out, part.message);
    for (const LogField& field : part.fields) {
      append_json_key(out, field.key);
      field.value.append_json(out);
    }
    if (part.suppressed != 0) out.append(",\"suppressed\":").append(std::to_string(part.suppressed));
    out.push_back('}');
  }

  void format_text(std::string& out, const LogLine& part) const {
    out.append(format_time(now())).append(" ").append(to_text(part.level)).append(" ").append(part.module).append(": ");
    std::string escaped;
    append_json_string(escaped, part.message);
    out.append(escaped, 1, escaped.size() - 2);
    for (const LogField& field : part.fields) {
      out.append(" ").append(field.key).append("=");
      field.value.append_text(out);
    }
    if (part.suppressed != 0) out.append(" suppressed=").append(std::to_string(part.suppressed));
  }

  mutable std::mutex mutex_;  // guards options_.filter and modules_
  LogOptions options_;
  std::map<std::string, std::unique_ptr<LogModule>, std::less<>> modules_;
  // Order matters: the pool's destructor writes what is queued, through the logger, to the sink.
  std::shared_ptr<FdSink> sink_;
  std::shared_ptr<spdlog::async_logger> queue_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
};
}  // namespace detail

std::string_view to_text(LogLevel level) noexcept { return kNames[static_cast<size_t>(level)]; }

Result<LogLevel> parse_log_level(std::string_view text) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<LogLevel>(i);
  }
  return make_error(Reason::kConfigInvalid,
                    str_cat(in_quotes(text), " is not a log level; use trace, debug, info, warn, error or off"));
}

LogLevel LogFilter::level_of(std::string_view module) const {
  auto found = modules.find(module);
  return found == modules.end() ? everything_else : found->second;
}

Result<LogFilter> LogFilter::parse(std::string_view text) {
  LogFilter filter;
  bool has_default = false;
  for (std::string_view part : split(text, ',')) {
    size_t equals = part.find('=');
    HEDDLE_TRY(LogLevel level, parse_log_level(equals == std::string_view::npos ? part : part.substr(equals + 1)));
    std::string_view name = part.substr(0, equals);
    if (equals == std::string_view::npos && std::exchange(has_default, true)) {
      return make_error(Reason::kConfigInvalid, str_cat("log filter ", in_quotes(text), " names two default levels"));
    }
    if (equals == std::string_view::npos) {
      filter.everything_else = level;
    } else if (!is_module_name(name) || !filter.modules.emplace(name, level).second) {
      return make_error(Reason::kConfigInvalid,
                        str_cat("log filter: module ", in_quotes(name), " is malformed or named twice"));
    }
  }
  return filter;
}

std::string LogFilter::text() const {
  std::string out(to_text(everything_else));
  for (auto& [name, level] : modules) out.append(",").append(name).append("=").append(to_text(level));
  return out;
}

void LogValue::append_json(std::string& out) const {
  if (auto* view = std::get_if<std::string_view>(&value_)) return append_json_string(out, *view);
  if (auto* text = std::get_if<std::string>(&value_)) return append_json_string(out, *text);
  append_text(out);
}

void LogValue::append_text(std::string& out) const {
  struct Visitor {
    std::string& out;
    void operator()(std::string_view v) const {
      if (is_plain_word(v)) {
        out.append(v);
      } else {
        append_json_string(out, v);
      }
    }
    void operator()(const std::string& v) const { (*this)(std::string_view(v)); }
    void operator()(bool v) const { out.append(v ? "true" : "false"); }
    void operator()(int64_t v) const { out.append(std::to_string(v)); }
    void operator()(uint64_t v) const { out.append(std::to_string(v)); }
    void operator()(double v) const {
      std::array<char, 32> text{};
      auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), v);
      bool finite = v - v == 0;  // JSON has no NaN and no infinity
      out.append(finite && error == std::errc{} ? std::string_view(text.data(), end) : std::string_view("null"));
    }
  };
  std::visit(Visitor{out}, value_);
}

Logger::Logger(detail::LogModule& module) : level_(&module.level), module_(&module) {}

void Logger::write(LogLevel level, std::string_view message, LogFields fields) const {
  module_->core.write({module_->name, level, message, fields, 0});
}

void Logger::write_limited(LogLevel level, LogRate rate, std::string_view message, LogFields fields) const {
  int64_t second = module_->core.now().since_epoch() / std::chrono::seconds(1);
  uint64_t suppressed = 0;
  {
    std::lock_guard lock(module_->mutex);
    auto& windows = module_->windows;
    auto found = windows.find(rate.key);
    if (found == windows.end()) {
      found = windows.try_emplace(windows.size() < kMaxRateKeys ? std::string(rate.key) : std::string()).first;
    }
    auto& window = found->second;
    if (window.second != second) {
      window.second = second;
      window.passed = 0;
    }
    if (window.passed >= rate.per_second) {
      ++window.suppressed;
      return;
    }
    ++window.passed;
    suppressed = std::exchange(window.suppressed, 0);
  }
  module_->core.write({module_->name, level, message, fields, suppressed});
}

Result<std::unique_ptr<Log>> Log::create(LogOptions options) {
  std::shared_ptr<FdSink> sink;
  if (options.target == LogOptions::Target::kCallback) {
    HEDDLE_CHECK(options.callback != nullptr);
  } else if (options.target == LogOptions::Target::kFile) {
    auto writer = FdWriter::open_file(options.file);
    if (!writer) return std::move(writer).error().within("log");
    sink = std::make_shared<FdSink>(*std::move(writer));
  } else {
    int fd = options.target == LogOptions::Target::kStdout ? STDOUT_FILENO : STDERR_FILENO;
    sink = std::make_shared<FdSink>(std::make_unique<FdWriter>(fd));
  }
  auto core = std::make_unique<detail::LogCore>(std::move(options), std::move(sink));
  return std::make_unique<Log>(std::move(core));
}

Log::Log(std::unique_ptr<detail::LogCore> core) : core_(std::move(core)) {}
Log::~Log() = default;
Logger Log::module(std::string_view name) { return Logger(core_->module(name)); }
void Log::set_filter(const LogFilter& filter) { core_->set_filter(filter); }
Result<void> Log::set_level(std::string_view module, LogLevel level) { return core_->set_level(module, level); }
std::map<std::string, LogLevel, std::less<>> Log::levels() const { return core_->levels(); }
void Log::reopen() { core_->reopen(); }
uint64_t Log::dropped() const { return core_->dropped(); }
}  // namespace heddle
