#include "lib/base/fd_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr mode_t kMode = 0640;
constexpr int kPollMs = 50;

UniqueFd open_append(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
}
}  // namespace

Result<std::unique_ptr<FdWriter>> FdWriter::open_file(std::string path) {
  UniqueFd file = open_append(path);
  if (!file) return make_error(Reason::kIo, str_cat("cannot open ", in_quotes(path), ": ", std::strerror(errno)));
  return std::make_unique<FdWriter>(std::move(path), std::move(file));
}

FdWriter::FdWriter(int inherited_fd) : FdWriter(std::string(), UniqueFd()) { adopt(inherited_fd); }

FdWriter::FdWriter(std::string path, UniqueFd file)
    : path_(std::move(path)),
      file_(std::move(file)),
      patience_ms_(static_cast<int>(kPatienceWhenHurried / std::chrono::milliseconds(1))) {
  if (file_) adopt(file_.get());
}

void FdWriter::adopt(int fd) noexcept {
  fd_ = fd;
  struct stat status {};
  can_block_ = ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
}

void FdWriter::reopen() noexcept {
  UniqueFd fresh = open_append(path_);
  if (!fresh) return;  // better a line in the rotated file than none
  file_ = std::move(fresh);
  adopt(file_.get());
}

bool FdWriter::write(std::string_view text) noexcept {
  if (reopen_.exchange(false, std::memory_order_relaxed)) reopen();
  if (fd_ < 0) return false;
  while (!text.empty()) {
    if (can_block_ && !wait_for_room()) return false;
    // poll(2) says that a pipe takes PIPE_BUF bytes: writing no more never blocks
    size_t part = can_block_ ? std::min<size_t>(text.size(), PIPE_BUF) : text.size();
    ssize_t n = ::write(fd_, text.data(), part);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool FdWriter::wait_for_room() noexcept {
  for (;;) {
    pollfd waiting{fd_, POLLOUT, 0};
    bool hurried = in_hurry_.load(std::memory_order_relaxed);
    int ready = ::poll(&waiting, 1, hurried && patience_ms_ <= 0 ? 0 : kPollMs);
    if (ready > 0) return true;  // room, or an error that write() will name
    if (hurried && patience_ms_ <= 0) return false;
    if (hurried) patience_ms_ -= kPollMs;
  }
}
}  // namespace heddle
