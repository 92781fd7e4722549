// Files that a flag names: read with a size cap, every refusal names flag and file once; and a stamp that tells whether
// they were replaced. Blocking: start-up and offload threads. Any thread.
#pragma once
#include <span>
#include <string>

#include "certs/secret.h"
#include "lib/base/result.h"

namespace heddle {
struct FlagFile {
  std::string_view flag;  // "--ca-key-file"
  const std::string& path;
};

// kConfigInvalid, whatever the error was; flag and file are named once.
Error of_file(const FlagFile&, Error error);
Error refused(const FlagFile&, std::string_view why);
Result<std::string> read_flag_file(const FlagFile&, size_t max_bytes);
// A private key: closed to others; a link to such a file will do, as secrets are mounted. `what`: "the CA's key".
Result<Secret> read_flag_key(const FlagFile&, std::string_view what);
inline constexpr size_t kMaxPassphrase = 1024;
// The one line of a file that is closed to others (a link to such a file will do). `what`: "the CA's passphrase".
Result<Secret> read_passphrase(const std::string& path, std::string_view what);
// Changes when one of the files does: inodes, sizes and times.
std::string stamp_of(std::span<const std::string> paths);
}  // namespace heddle
