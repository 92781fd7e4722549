#include "lib/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"
#include "tests/support/captured_log.h"

namespace heddle {
namespace {
class FixedClock final : public Clock {
 public:
  MonoTime now() const override { return MonoTime(wall_.since_epoch()); }
  WallTime wall() const override { return wall_; }
  void advance(Duration d) { wall_ = wall_ + d; }

 private:
  WallTime wall_ = *parse_time("2026-01-31T12:34:56.789Z");
};

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Log> make(LogOptions::Format format, std::string_view filter = "info") {
    LogOptions options;
    options.format = format;
    options.target = LogOptions::Target::kCallback;
    options.clock = &clock_;
    options.filter = *LogFilter::parse(filter);
    options.callback = [this](std::string_view line) { lines_.emplace_back(line); };
    return *Log::create(std::move(options));
  }
  FixedClock clock_;
  std::vector<std::string> lines_;
};

std::string temp_file() {
  std::string name = testing::TempDir() + "heddle_log_XXXXXX";
  UniqueFd fd(::mkstemp(name.data()));
  return name;
}

std::string content_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

TEST_F(LogTest, WritesJsonWithTypedValues) {
  auto log = make(LogOptions::Format::kJson);

  log->module("watch").info("endpoint \"down\"",
                            {{"service", std::string("web")}, {"port", 80}, {"live", true}, {"share", 0.5}});

  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0], R"({"ts":"2026-01-31T12:34:56.789Z","level":"info","logger":"watch","msg":"endpoint \"down\"",)"
                       R"("service":"web","port":80,"live":true,"share":0.5})");
}

TEST_F(LogTest, WritesTextThatStaysOnOneLine) {
  auto log = make(LogOptions::Format::kText);

  log->module("watch").warn("two\nlines", {{"plain", "a-b.c"}, {"spaced", "a b"}, {"wait", Duration(1500ms)}});

  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0], R"(2026-01-31T12:34:56.789Z warn watch: two\nlines plain=a-b.c spaced="a b" wait=1.5)");
}

TEST_F(LogTest, SaysNothingBelowTheModulesLevel) {
  auto log = make(LogOptions::Format::kJson, "warn,http2=trace,tls=off");

  log->module("watch").info("no");
  log->module("http2").trace("yes");
  log->module("tls").error("no");

  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("\"yes\""), std::string::npos);
}

TEST_F(LogTest, ChangesLevelsWhileHandlesLive) {
  auto log = make(LogOptions::Format::kJson, "warn");
  Logger logger = log->module("watch");

  EXPECT_FALSE(logger.is_enabled(LogLevel::kDebug));
  ASSERT_TRUE(log->set_level("watch", LogLevel::kDebug));
  EXPECT_TRUE(logger.is_enabled(LogLevel::kDebug));
  log->set_filter(*LogFilter::parse("error"));

  EXPECT_FALSE(logger.is_enabled(LogLevel::kWarn));
  EXPECT_EQ(log->levels().at("watch"), LogLevel::kError);
}

TEST_F(LogTest, RefusesALevelForAModuleNobodyUses) {
  auto log = make(LogOptions::Format::kJson);

  auto result = log->set_level("wacht", LogLevel::kDebug);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kNotFound);
}

TEST_F(LogTest, LimitsWhatAPeerCanProvokeAndSaysHowMuchWasSuppressed) {
  auto log = make(LogOptions::Format::kJson);
  Logger logger = log->module("tls");

  for (int i = 0; i < 10; ++i) logger.limited(LogLevel::kWarn, {"handshake", 3}, "failed");
  logger.limited(LogLevel::kWarn, {"other", 1}, "another key has its own budget");
  clock_.advance(1s);
  logger.limited(LogLevel::kWarn, {"handshake", 3}, "failed");

  ASSERT_EQ(lines_.size(), 5U);
  EXPECT_EQ(lines_[0].find("suppressed"), std::string::npos);
  EXPECT_NE(lines_[4].find("\"suppressed\":7"), std::string::npos) << lines_[4];
}

TEST_F(LogTest, DiscardsWithADefaultLogger) {
  Logger logger;

  logger.error("nothing happens");

  EXPECT_FALSE(logger.is_enabled(LogLevel::kError));
}

TEST(LogFilter, RoundTrips) {
  EXPECT_EQ(LogFilter::parse("warn,b=debug,a=off")->text(), "warn,a=off,b=debug");
  EXPECT_EQ(LogFilter::parse("a=trace")->level_of("b"), LogLevel::kInfo);
}

TEST(LogFilter, RefusesWhatItDoesNotUnderstand) {
  EXPECT_FALSE(LogFilter::parse(""));
  EXPECT_FALSE(LogFilter::parse("loud"));
  EXPECT_FALSE(LogFilter::parse("info,warn"));
  EXPECT_FALSE(LogFilter::parse("a=info,a=warn"));
  EXPECT_FALSE(LogFilter::parse("=info"));
  EXPECT_FALSE(LogFilter::parse("A b=info"));
  EXPECT_FALSE(LogFilter::parse("info,"));
}

TEST(LogFile, WritesEverythingBeforeItIsDestroyed) {
  LogOptions options;
  options.target = LogOptions::Target::kFile;
  options.file = temp_file();

  {
    auto log = *Log::create(options);
    Logger logger = log->module("a");
    for (int i = 0; i < 1000; ++i) logger.info("line", {{"i", i}});
    EXPECT_EQ(log->dropped(), 0U);
  }

  std::string content = content_of(options.file);
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 1000);
  EXPECT_NE(content.find("\"i\":999}"), std::string::npos);
  std::remove(options.file.c_str());
}

TEST(LogFile, WritesToTheNewFileAfterReopen) {
  LogOptions options;
  options.target = LogOptions::Target::kFile;
  options.file = temp_file();
  std::string rotated = options.file + ".1";

  {
    auto log = *Log::create(options);
    ASSERT_EQ(std::rename(options.file.c_str(), rotated.c_str()), 0);
    log->reopen();
    log->module("a").info("after");
  }

  EXPECT_NE(content_of(options.file).find("after"), std::string::npos);
  std::remove(options.file.c_str());
  std::remove(rotated.c_str());
}

TEST(LogFile, NamesTheFileItCannotOpen) {
  LogOptions options;
  options.target = LogOptions::Target::kFile;
  options.file = "/nonexistent/heddle.log";

  auto log = Log::create(options);

  ASSERT_FALSE(log);
  EXPECT_NE(log.error().detail.find("/nonexistent/heddle.log"), std::string::npos);
}

TEST(LogFile, DropsTheOldestLinesInsteadOfBlockingWhenTheReaderIsStuck) {
  std::string fifo = temp_file();
  std::remove(fifo.c_str());
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  LogOptions options;
  options.target = LogOptions::Target::kFile;
  options.file = fifo;
  options.queue_lines = 16;
  auto log = *Log::create(options);
  Logger logger = log->module("a");
  std::string kilobyte(1024, 'x');

  for (int i = 0; i < 1000; ++i) logger.info(kilobyte);

  EXPECT_GT(log->dropped(), 0U);
  log.reset();  // ends although nobody reads
  std::remove(fifo.c_str());
}

TEST(CapturedLog, KeepsLines) {
  CapturedLog captured;

  captured.log().module("a").trace("hello");

  EXPECT_TRUE(captured.contains("\"msg\":\"hello\""));
  EXPECT_EQ(captured.lines().size(), 1U);
}
}  // namespace
}  // namespace heddle
