// What the control group of this process (cgroup v2) says. Reads /proc and /sys: at start-up and on rare occasions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace heddle {
// The path of this process's cgroup (v2) in the text of /proc/self/cgroup; empty when there is none.
std::string_view parse_cgroup_path(std::string_view text);
// A file of our own cgroup, as "cpu.max"; inside a cgroup namespace that is the root. Nothing: there is none.
std::optional<std::string> read_cgroup(std::string_view file);
}  // namespace heddle
