#include "control/app/store_marker.h"

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxMarker = 4096;
std::string path_in(const std::string& directory) { return str_cat(directory, "/store"); }
}  // namespace

Result<void> mark_as_etcd(const std::string& directory, const std::string& prefix) {
  return atomic_write(path_in(directory), str_cat("etcd ", prefix, "\n"), kPrivateFile);
}

Result<void> check_not_etcd(const std::string& directory) {
  std::string path = path_in(directory);
  Result<std::string> marker = read_file(path, kMaxMarker);
  if (!marker && marker.error().reason == Reason::kNotFound) return {};
  if (!marker) return std::move(marker).error();
  std::string what = marker->substr(0, marker->find('\n'));
  return make_error(
      Reason::kConfigInvalid,
      str_cat(path, ": this data directory belongs to a control plane with its mesh in ", in_quotes(what),
              ": start it with --store etcd. With --store sqlite it would be another mesh with another CA: "
              "that needs another data directory, or this file removed"));
}
}  // namespace heddle
