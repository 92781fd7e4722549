#include "proxy/app/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr uint32_t kMostWorkers = 4;

uint32_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<uint32_t>(std::max(CPU_COUNT(&set), 1));
}

std::optional<double> quota_in(const std::string& directory) {
  auto text = read_file(directory + "/cpu.max", 4096);
  return text ? parse_cpu_max(*text) : std::nullopt;
}
}  // namespace

std::optional<double> parse_cpu_max(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto quota = parse_int<uint64_t>(text.substr(0, space));
  std::string_view rest = text.substr(space + 1);
  auto period = parse_int<uint64_t>(rest.substr(0, rest.find('\n')));
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::string_view parse_cgroup_path(std::string_view text) {
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return {};
}

uint32_t workers_for(std::optional<double> quota, uint32_t usable_cpus) {
  uint32_t wanted = quota ? static_cast<uint32_t>(std::ceil(std::max(*quota, 0.01))) : usable_cpus;
  return std::clamp(std::min(wanted, usable_cpus), uint32_t{1}, kMostWorkers);
}

uint32_t default_workers() {
  auto cgroup = read_file("/proc/self/cgroup", 65536);
  std::string path(cgroup ? parse_cgroup_path(*cgroup) : std::string_view{});
  auto quota = quota_in("/sys/fs/cgroup" + path);
  if (!quota) quota = quota_in("/sys/fs/cgroup");  // inside a cgroup namespace
  return workers_for(quota, usable_cpus());
}
}  // namespace heddle
