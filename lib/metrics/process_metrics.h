// The metrics every process shows under the names Prometheus expects of all programs: CPU, memory, file descriptors,
// threads, start time; and heddle_build_info and heddle_bugs_total. Read at scrape. Made once in main().
#pragma once
#include <span>
#include <vector>

#include "lib/metrics/registry.h"

namespace heddle {
// What /proc/self/stat, getrlimit and friends say now; absent values are zero.
struct ProcessUsage {
  double cpu_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
  double threads = 0;
  double max_fds = 0;
};
ProcessUsage read_process_usage();
double process_start_seconds();  // since 1970
double count_open_fds();         // takes the longer, the more there are

class ProcessMetrics {
 public:
  ProcessMetrics(Registry&, std::string_view version);

 private:
  Gauge build_info_;
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> process_metric_families() noexcept;
}  // namespace heddle
