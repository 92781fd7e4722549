#include "lib/net/pipe_pool.h"

#include <fcntl.h>

#include <utility>

namespace heddle {

std::optional<PipePool::Pipe> PipePool::borrow() {
  if (!free_.empty()) {
    Pipe pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
  }
  int fds[2];
  if (made_ >= most_ || pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  ++made_;
  (void)fcntl(fds[0], F_SETPIPE_SZ, kCapacity);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void PipePool::give_back(Pipe pipe) { free_.push_back(std::move(pipe)); }

void PipePool::drop(Pipe pipe) {
  --made_;
  pipe.in.reset();
  pipe.out.reset();
}
}  // namespace heddle
