#include "control/ca/flag_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "certs/limits.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kModes = "its mode must be 0600 (or 0440 of root, as Kubernetes mounts a Secret)";

// A volume of Kubernetes belongs to root and is read through our group.
bool is_private(const struct stat& status) {
  bool is_ours = (status.st_mode & 077) == 0;
  return is_ours || (status.st_uid == 0 && (status.st_mode & 0237) == 0);
}
}  // namespace

Error of_file(const FlagFile& file, Error error) {
  error.reason = Reason::kConfigInvalid;
  bool is_named = error.detail.find(file.path) != std::string::npos;
  return std::move(error).within(is_named ? std::string(file.flag) : str_cat(file.flag, " ", file.path));
}

Error refused(const FlagFile& file, std::string_view why) {
  return make_error(Reason::kConfigInvalid, str_cat(file.flag, " ", file.path, ": ", why));
}

Result<std::string> read_flag_file(const FlagFile& file, size_t max_bytes) {
  Result<std::string> text = read_file(file.path, max_bytes);
  if (!text) return of_file(file, std::move(text).error());
  return text;
}

Result<Secret> read_flag_key(const FlagFile& file, std::string_view what) {
  struct stat status {};
  if (::stat(file.path.c_str(), &status) != 0) return refused(file, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refused(file, "is not a regular file");
  if (!is_private(status)) {
    return refused(file, str_cat("holds ", what, " and may be read or written by others; ", kModes));
  }
  HEDDLE_TRY(std::string text, read_flag_file(file, kMaxKeyPem));
  return Secret::take(text);
}

Result<Secret> read_passphrase(const std::string& path, std::string_view what) {
  auto refuse = [&path](std::string_view why) { return make_error(Reason::kConfigInvalid, str_cat(path, ": ", why)); };
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return refuse(std::strerror(errno));
  if (!is_private(status)) {
    return refuse(str_cat("holds ", what, " and may be read or written by others; ", kModes));
  }
  HEDDLE_TRY(std::string text, read_file(path, kMaxPassphrase + 2));
  Secret all = Secret::take(text);
  std::string_view line = all.view().substr(0, all.view().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (all.view().size() > line.size() + 2) return refuse("expected one line");
  if (line.empty()) return refuse("holds no passphrase");
  return Secret(line);
}

std::string stamp_of(std::span<const std::string> paths) {
  std::string out;
  for (const std::string& path : paths) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      out += "-;";
      continue;
    }
    out += str_cat(std::to_string(status.st_ino), ".", std::to_string(status.st_size), ".",
                   std::to_string(status.st_mtim.tv_sec), ".", std::to_string(status.st_mtim.tv_nsec), ".",
                   std::to_string(status.st_ctim.tv_nsec), ";");
  }
  return out;
}
}  // namespace heddle
