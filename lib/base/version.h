// The version of this software, as `heddle version`, `heddle-proxy --version` and the watch's hello say it. Changed by
// a release together with CMakeLists.txt and CHANGELOG.md.
#pragma once
#include <string_view>

namespace heddle {
inline constexpr std::string_view kSoftwareVersion = "0.1.0";
}  // namespace heddle
