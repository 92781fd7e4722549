#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "lib/net/listener.h"

namespace heddle {
namespace {
constexpr size_t kMostConnections = 10'000;
constexpr size_t kMemoryPerConnection = 64 * 1024;

size_t file_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

// The smaller of the machine's memory and the container's limit (cgroup v2; "max" is no limit and no number).
size_t memory_limit() {
  size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/sys/fs/cgroup/memory.max", "re"), std::fclose);
  size_t container = 0;
  if (file == nullptr || std::fscanf(file.get(), "%zu", &container) != 1) return machine;
  return std::min(machine, container);
}
}  // namespace

size_t ConnectionCap::default_limit(double share, size_t workers) {
  auto by_files = static_cast<size_t>(share * static_cast<double>(file_limit()));
  size_t total = std::min({kMostConnections, by_files, memory_limit() / kMemoryPerConnection});
  return std::max<size_t>(total / std::max<size_t>(workers, 1), 1);
}
}  // namespace heddle
