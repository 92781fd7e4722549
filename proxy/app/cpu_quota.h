// How many workers this process should run: the CPU quota of its cgroup (v2 cpu.max), the affinity mask, and
// at most four. libuv's own count ignores quotas. All pure but default_workers().
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace heddle {
// "200000 100000" -> 2.0 CPUs; "max 100000" and anything malformed -> nothing.
std::optional<double> parse_cpu_max(std::string_view text);
// quota rounded up, never more than the CPUs we may run on, 1 to 4.
uint32_t workers_for(std::optional<double> quota, uint32_t usable_cpus);
uint32_t default_workers();
}  // namespace heddle
