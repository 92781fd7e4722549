// DataLock: keeps a second process off a data directory, whatever its store: flock(2) of <data>/heddle.lock, which the
// kernel gives back with the process, however that ends. Blocking; any thread.
#pragma once
#include <string>

#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace heddle {
class DataLock {
 public:
  // The directory exists. kConflict: another process has it.
  static Result<DataLock> take(const std::string& directory);

 private:
  explicit DataLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};
}  // namespace heddle
