#include "control/app/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
Result<DataLock> DataLock::take(const std::string& directory) {
  std::string path = str_cat(directory, "/heddle.lock");
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateFile));
  if (!file) return make_error(Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return DataLock(std::move(file));
  if (errno != EWOULDBLOCK) return make_error(Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
  return make_error(Reason::kConflict, str_cat(directory, ": another process uses this data directory"));
}
}  // namespace heddle
