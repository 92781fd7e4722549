#include "lib/net/splice_tunnel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "lib/net/socket.h"

namespace heddle {
namespace {
constexpr unsigned kSpliceFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

void reset(const UniqueFd& fd) {
  linger now{1, 0};
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
}  // namespace

SpliceTunnel::SpliceTunnel(Loop& loop, UniqueFd downstream, UniqueFd upstream, PipePool& pipes, Duration idle,
                           OnDone on_done)
    : loop_(loop),
      pipes_(pipes),
      idle_after_(idle),
      on_done_(std::move(on_done)),
      directions_{Direction(loop.blocks()), Direction(loop.blocks())} {
  add_side(down_, Origin::kDownstream, std::move(downstream));
  add_side(up_, Origin::kUpstream, std::move(upstream));
  directions_[0].from = directions_[1].to = &down_;
  directions_[0].to = directions_[1].from = &up_;
  poll(down_, directions_[0], directions_[1]);
  poll(up_, directions_[1], directions_[0]);
  idle_.arm(loop_, idle_after_);
}

SpliceTunnel::~SpliceTunnel() {
  for (Direction& direction : directions_) give_pipe_back(direction);
  down_.poll.reset();  // leaves epoll before the descriptor is closed
  up_.poll.reset();
}

void SpliceTunnel::add_side(Side& side, Origin origin, UniqueFd fd) {
  side.tunnel = this;
  side.origin = origin;
  side.fd = std::move(fd);
  side.poll = make_uv<uv_poll_t>(&side, [&](uv_poll_t* h) { return uv_poll_init(loop_.raw(), h, side.fd.get()); });
}

void SpliceTunnel::poll(Side& side, const Direction& out_of_it, const Direction& into_it) {
  int wanted = 0;
  if (!out_of_it.has_ended && out_of_it.in_hand() == 0) wanted |= UV_READABLE;
  if (into_it.in_hand() > 0) wanted |= UV_WRITABLE;
  if (wanted == side.polled) return;
  side.polled = wanted;
  if (wanted == 0) {
    uv_poll_stop(side.poll.get());
    return;
  }
  uv_poll_start(side.poll.get(), wanted, [](uv_poll_t* handle, int status, int) {
    if (auto* self = static_cast<Side*>(handle->data)) self->tunnel->on_event(*self, status);
  });
}

void SpliceTunnel::on_event(Side& side, int status) {
  if (why_) return;
  if (status != 0) {
    int code = 0;
    socklen_t length = sizeof(code);
    (void)getsockopt(side.fd.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    failed(side, code != 0 ? code : -status);
    return;
  }
  // Every event may free either direction; a direction that waits costs one refused call at most.
  for (Direction& direction : directions_) {
    bool concerns = direction.in_hand() > 0 ? direction.to == &side : direction.from == &side;
    if (concerns && !direction.is_finished) pump(direction);
    if (why_) return;
  }
  idle_.arm(loop_, idle_after_);
  poll(down_, directions_[0], directions_[1]);
  poll(up_, directions_[1], directions_[0]);
  if (directions_[0].is_finished && directions_[1].is_finished) {
    end(make_error(Reason::kNone, "both directions ended"));
  }
}

void SpliceTunnel::pump(Direction& direction) {
  uint64_t stop_at = direction.moved + kBudget;
  Step step = Step::kMoved;
  while (step == Step::kMoved && direction.moved < stop_at) {
    if (direction.in_hand() > 0) {
      step = empty(direction);
    } else if (!direction.has_ended) {
      step = fill(direction);
    } else {
      break;
    }
  }
  if (direction.in_pipe == 0) give_pipe_back(direction);
  if (step == Step::kFailed || !direction.has_ended || direction.in_hand() > 0) return;
  direction.is_finished = true;
  (void)shutdown(direction.to->fd.get(), SHUT_WR);
}

SpliceTunnel::Step SpliceTunnel::fill(Direction& direction) {
  if (!direction.pipe) direction.pipe = pipes_.borrow();
  if (!direction.pipe) return fill_by_copy(direction);
  ssize_t count =
      splice(direction.from->fd.get(), nullptr, direction.pipe->in.get(), nullptr, PipePool::kCapacity, kSpliceFlags);
  if (count > 0) direction.in_pipe += static_cast<size_t>(count);
  return took(direction, count);
}

SpliceTunnel::Step SpliceTunnel::fill_by_copy(Direction& direction) {
  Block* block = loop_.blocks().acquire(BlockSize::kLarge);
  ssize_t count = recv(direction.from->fd.get(), block->payload(), block->capacity, 0);
  int code = errno;
  if (count > 0) {
    direction.copied.append_block(block, 0, static_cast<size_t>(count));
  } else {
    BlockPool::release(block);
  }
  errno = code;
  return took(direction, count);
}

SpliceTunnel::Step SpliceTunnel::took(Direction& direction, ssize_t count) {
  if (count > 0) return Step::kMoved;
  if (count < 0) return would_block(errno) ? Step::kBlocked : failed(*direction.from, errno);
  direction.has_ended = true;
  return Step::kMoved;
}

SpliceTunnel::Step SpliceTunnel::empty(Direction& direction) {
  int to = direction.to->fd.get();
  ssize_t count = 0;
  if (direction.in_pipe > 0) {
    count = splice(direction.pipe->out.get(), nullptr, to, nullptr, direction.in_pipe, kSpliceFlags);
    if (count > 0) direction.in_pipe -= static_cast<size_t>(count);
  } else {
    Bytes front = direction.copied.front();
    count = send(to, front.data(), front.size(), MSG_NOSIGNAL);
    if (count > 0) direction.copied.consume(static_cast<size_t>(count));
  }
  if (count < 0) return would_block(errno) ? Step::kBlocked : failed(*direction.to, errno);
  direction.moved += static_cast<uint64_t>(count);
  return Step::kMoved;
}

void SpliceTunnel::give_pipe_back(Direction& direction) {
  if (!direction.pipe) return;
  if (direction.in_pipe == 0) {
    pipes_.give_back(*std::move(direction.pipe));
  } else {
    pipes_.drop(*std::move(direction.pipe));
  }
  direction.pipe.reset();
}

SpliceTunnel::Step SpliceTunnel::failed(const Side& side, int code) {
  Error error = io_error("splice", code);
  error.origin = side.origin;
  end(std::move(error));
  return Step::kFailed;
}

void SpliceTunnel::abort() { end(make_error(Reason::kCancelled, "tunnel aborted")); }

void SpliceTunnel::idle() { end(make_error(Reason::kConnectionIdleTimeout, "nothing moved through the tunnel")); }

void SpliceTunnel::end(Error why) {
  if (why_) return;
  if (why.reason != Reason::kNone) {
    reset(down_.fd);
    reset(up_.fd);
  }
  why_ = std::move(why);
  idle_.cancel();
  uv_poll_stop(down_.poll.get());
  uv_poll_stop(up_.poll.get());
  loop_.defer(finish_, Loop::Phase::kTask);
}

void SpliceTunnel::finish() {
  down_.poll.reset();
  up_.poll.reset();
  down_.fd.reset();
  up_.fd.reset();
  OnDone on_done = std::move(on_done_);
  on_done(*why_);
}
}  // namespace heddle
