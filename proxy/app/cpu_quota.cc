#include "proxy/app/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

#include "lib/base/cgroup.h"
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

uint32_t workers_for(std::optional<double> quota, uint32_t usable_cpus) {
  uint32_t wanted = quota ? static_cast<uint32_t>(std::ceil(std::max(*quota, 0.01))) : usable_cpus;
  return std::clamp(std::min(wanted, usable_cpus), uint32_t{1}, kMostWorkers);
}

uint32_t default_workers() {
  auto limit = read_cgroup("cpu.max");
  return workers_for(limit ? parse_cpu_max(*limit) : std::nullopt, usable_cpus());
}
}  // namespace heddle
