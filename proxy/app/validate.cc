#include "proxy/app/validate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/event/loop.h"
#include "lib/net/socket.h"
#include "proxy/app/sources.h"
#include "proxy/watch/files_config.h"

namespace heddle {
namespace {
using Found = std::vector<std::string>;

std::string parent_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// "" when a file could be made there. The state directory is made at start, before what may stand in it.
std::string problem_of_parent(const Settings& settings, const std::string& path) {
  std::string parent = parent_of(path);
  if (!settings.state_dir.empty() && parent == settings.state_dir) return "";
  if (::access(parent.c_str(), W_OK | X_OK) == 0) return "";
  return str_cat(path, ": cannot be made: ", parent, ": ", errno_text(errno));
}

void check_log_file(const Settings& settings, std::string_view key, const std::string& path, Found& found) {
  if (path == "-") return;
  std::string problem;
  if (is_directory(path)) {
    problem = path + ": is a directory";
  } else if (::access(path.c_str(), F_OK) != 0) {
    problem = problem_of_parent(settings, path);
  } else if (::access(path.c_str(), W_OK) != 0) {
    problem = str_cat(path, ": ", errno_text(errno));
  }
  if (!problem.empty()) found.push_back(str_cat(key, ": ", problem));
}

// Makes nothing: an existing directory is judged as at start.
void check_state_dir(const Settings& settings, Found& found) {
  if (settings.state_dir.empty()) return;
  struct stat status {};
  bool exists = ::lstat(settings.state_dir.c_str(), &status) == 0;
  auto made = exists ? ensure_private_dir(settings.state_dir) : Result<void>();
  std::string problem = exists ? "" : problem_of_parent({}, settings.state_dir);
  if (!made) problem = made.error().detail;
  if (!problem.empty()) found.push_back("stateDir: " + problem);
}

void check_socket(const Settings& settings, std::string_view key, const std::optional<Address>& at, Found& found) {
  if (!at || at->family() != Address::Family::kUnix) return;
  std::string problem = problem_of_parent(settings, at->path());
  if (!problem.empty()) found.push_back(str_cat(key, ": ", problem));
}

void check_paths(const Settings& settings, Found& found) {
  Settings before_state = settings;
  before_state.state_dir.clear();  // the process log is opened first
  check_log_file(before_state, "log.file", settings.log.file, found);
  check_state_dir(settings, found);
  check_log_file(settings, "accessLog.file", settings.access_log.file, found);
  check_socket(settings, "admin.address", settings.admin, found);
  check_socket(settings, "admin.socket", settings.admin_socket, found);
  check_socket(settings, "workloadApi.socket", settings.workload_api.socket, found);
  check_socket(settings, "health.address", settings.health, found);
  check_socket(settings, "stats.address", settings.stats, found);
}

void check_identity(const Settings& settings, Found& found) {
  if (settings.identity.source != IdentitySettings::Source::kFiles) return;
  Loop clock;
  auto loaded = load_identity_files(files_of(settings), clock.wall());
  if (!loaded) return found.push_back(loaded.error().detail);
  for (std::string& problem : loaded->refused) found.push_back(std::move(problem));
}

void check_resources(const ConfigSettings& config, Found& found) {
  if (config.source != ConfigSettings::Source::kFiles) return;
  FilesLoader loader(config.path);
  for (std::string& problem : loader.look(FilesLoader::Look::kAlways).problems) found.push_back(std::move(problem));
}
}  // namespace

std::vector<std::string> problems_around(const Settings& settings) {
  Found found;
  check_paths(settings, found);
  check_identity(settings, found);
  check_resources(settings.config, found);
  return found;
}

int validate_and_report(const Settings& settings, const std::string& path) {
  Found found = problems_around(settings);
  for (const std::string& problem : found) std::fprintf(stderr, "%s\n", problem.c_str());
  if (found.empty()) std::printf("%s: ok\n", path.c_str());
  return found.empty() ? 0 : 1;
}

Result<std::unique_ptr<Log>> make_log(const LogSettings& settings) {
  LogOptions options;
  HEDDLE_TRY(options.filter, LogFilter::parse(settings.filter));
  options.format = settings.json ? LogOptions::Format::kJson : LogOptions::Format::kText;
  options.target = settings.file == "-" ? LogOptions::Target::kStderr : LogOptions::Target::kFile;
  options.file = settings.file;
  auto log = Log::create(std::move(options));
  if (!log) return std::move(log).error().within("log.file");
  return log;
}
}  // namespace heddle
