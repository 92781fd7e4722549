#include "lib/base/cgroup.h"

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMostText = 4096;

std::optional<std::string> read(const std::string& path) {
  auto text = read_file(path, kMostText);
  return text ? std::optional(*std::move(text)) : std::nullopt;
}
}  // namespace

std::string_view parse_cgroup_path(std::string_view text) {
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return {};
}

std::optional<std::string> read_cgroup(std::string_view file) {
  auto groups = read_file("/proc/self/cgroup", 65536);
  std::string own(groups ? parse_cgroup_path(*groups) : std::string_view{});
  auto text = read(str_cat("/sys/fs/cgroup", own, "/", file));
  return text ? text : read(str_cat("/sys/fs/cgroup/", file));
}
}  // namespace heddle
