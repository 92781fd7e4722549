#include <sys/resource.h>

#include <algorithm>

#include "lib/base/memory.h"
#include "lib/net/listener.h"

namespace heddle {
namespace {
constexpr size_t kMostConnections = 10'000;
constexpr size_t kMemoryPerConnection = 64 * 1024;

size_t file_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}
}  // namespace

size_t ConnectionCap::resource_limit(double share) {
  auto by_files = static_cast<size_t>(share * static_cast<double>(file_limit()));
  return std::max<size_t>(std::min(by_files, available_memory() / kMemoryPerConnection), 1);
}

size_t ConnectionCap::default_limit(double share, size_t workers) {
  size_t total = std::min(kMostConnections, resource_limit(share));
  return std::max<size_t>(total / std::max<size_t>(workers, 1), 1);
}
}  // namespace heddle
