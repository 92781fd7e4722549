// The files of k8s/ that are compiled in (cmake/heddle_embed.cmake). Constants.
#pragma once
#include <span>
#include <string_view>

namespace heddle {
struct ManifestFile {
  std::string_view path;  // "base/rbac.yaml"
  std::string_view text;
};
std::span<const ManifestFile> manifest_files() noexcept;
}  // namespace heddle
