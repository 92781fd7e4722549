#include "lib/metrics/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <string>

#include "lib/base/assert.h"
#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"

namespace heddle {
namespace {
using enum MetricType;
constexpr MetricFamily kCpu{"process_cpu_seconds_total", "User and system CPU time spent.", kCounter};
constexpr MetricFamily kVirtual{"process_virtual_memory_bytes", "Virtual memory size.", kGauge};
constexpr MetricFamily kResident{"process_resident_memory_bytes", "Resident memory size.", kGauge};
constexpr MetricFamily kThreads{"process_threads", "Threads of the process.", kGauge};
constexpr MetricFamily kOpenFds{"process_open_fds", "Open file descriptors.", kGauge};
constexpr MetricFamily kMaxFds{"process_max_fds", "Most file descriptors the process may open.", kGauge};
constexpr MetricFamily kStart{"process_start_time_seconds", "When the process started, since 1970.", kGauge};
constexpr MetricFamily kBuild{"heddle_build_info", "Always 1; the version is the label.", kGauge, {"version"}};
constexpr MetricFamily kBugs{"heddle_bugs_total", "Invariants found broken at run time: please report.", kCounter};
constexpr std::array<const MetricFamily*, 9> kFamilies = {&kCpu,    &kVirtual, &kResident, &kThreads, &kOpenFds,
                                                          &kMaxFds, &kStart,   &kBuild,    &kBugs};

std::string read_file(const char* path) {
  UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::string out(4096, '\0');
  ssize_t n = fd ? ::read(fd.get(), out.data(), out.size()) : 0;
  out.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return out;
}

double number_at(const std::vector<std::string_view>& fields, size_t i) {
  return i < fields.size() ? static_cast<double>(parse_int<int64_t>(fields[i]).value_or(0)) : 0;
}

// "btime 1700000000" of /proc/stat stands behind the per-CPU lines, far into the file.
double boot_time() {
  UniqueFd fd(::open("/proc/stat", O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> chunk{};
  for (ssize_t n = 0; fd && (n = ::read(fd.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<size_t>(n));
  }
  size_t at = text.find("\nbtime ");
  if (at == std::string::npos) return 0;
  std::string_view rest = std::string_view(text).substr(at + 7);
  return static_cast<double>(parse_int<int64_t>(rest.substr(0, rest.find('\n'))).value_or(0));
}

// proc(5): the command in parentheses may hold anything; field 3 follows the last ')', and is the first of these.
std::vector<std::string_view> stat_fields(const std::string& stat) {
  size_t end = stat.rfind(')');
  if (end == std::string::npos) return {};
  return split(trim(std::string_view(stat).substr(end + 1)), ' ');
}
double ticks_per_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }
}  // namespace

double count_open_fds() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  int count = -3;  // ".", ".." and the directory itself
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

double process_start_seconds() {
  std::string stat = read_file("/proc/self/stat");
  return boot_time() + number_at(stat_fields(stat), 19) / ticks_per_second();
}

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  std::string stat = read_file("/proc/self/stat");
  auto fields = stat_fields(stat);
  usage.cpu_seconds = (number_at(fields, 11) + number_at(fields, 12)) / ticks_per_second();
  usage.threads = number_at(fields, 17);
  usage.virtual_bytes = number_at(fields, 20);
  usage.resident_bytes = number_at(fields, 21) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_fds = static_cast<double>(limit.rlim_cur);
  return usage;
}

ProcessMetrics::ProcessMetrics(Registry& registry, std::string_view version) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, double ProcessUsage::*field) {
    callbacks_.push_back(scope.callback(family, {}, [field] { return read_process_usage().*field; }));
  };
  add(kCpu, &ProcessUsage::cpu_seconds);
  add(kVirtual, &ProcessUsage::virtual_bytes);
  add(kResident, &ProcessUsage::resident_bytes);
  add(kThreads, &ProcessUsage::threads);
  callbacks_.push_back(scope.callback(kOpenFds, {}, count_open_fds));
  add(kMaxFds, &ProcessUsage::max_fds);
  callbacks_.push_back(scope.callback(kStart, {}, [start = process_start_seconds()] { return start; }));
  callbacks_.push_back(scope.callback(kBugs, {}, [] { return static_cast<double>(bugs_seen()); }));
  build_info_ = scope.gauge(kBuild, {{"version", std::string(version)}});
  build_info_.set(1);
}

std::span<const MetricFamily* const> process_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
