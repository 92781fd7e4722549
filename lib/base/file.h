// Files as whole values: read with a size cap, written atomically (temporary file, fsync, rename, fsync of the
// directory), private directories. Blocking: at start-up and on offload threads only, never on a loop with traffic.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace heddle {
inline constexpr mode_t kPrivateFile = 0600;
inline constexpr mode_t kPublicFile = 0644;

// kNotFound when there is none, kTooLarge above the cap, kIo otherwise (also for a directory).
Result<std::string> read_file(const std::string& path, size_t max_bytes);
// After a crash at any moment the file holds the old content or the new one, whole.
Result<void> atomic_write(const std::string& path, std::string_view content, mode_t mode);
// No error when there is none; does not come back after a crash.
Result<void> remove_file(const std::string& path);
// Makes the directory (not its parents) with mode 0700; an existing one must belong to us and be closed to others.
Result<void> ensure_private_dir(const std::string& path);
// Names (not paths) of the regular files in a directory, sorted, without hidden ones.
Result<std::vector<std::string>> list_files(const std::string& directory);
bool is_directory(const std::string& path);
}  // namespace heddle
