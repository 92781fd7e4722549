// SpliceTunnel: a Tunnel over two bare TCP descriptors; the bytes never leave the kernel (splice(2) through a pipe that
// is borrowed only while bytes are in it). Without a free pipe it copies through one block. It owns the descriptors and
// belongs to one loop.
#pragma once
#include <array>
#include <optional>

#include "lib/base/deadline.h"
#include "lib/base/unique_fd.h"
#include "lib/net/pipe_pool.h"
#include "lib/net/tunnel.h"

namespace heddle {
class SpliceTunnel final : public Tunnel {
 public:
  // One direction moves at most this much per event, so that others get their turn.
  static constexpr size_t kBudget = 1024 * 1024;

  SpliceTunnel(Loop&, UniqueFd downstream, UniqueFd upstream, PipePool&, Duration idle, OnDone);
  SpliceTunnel(const SpliceTunnel&) = delete;
  SpliceTunnel& operator=(const SpliceTunnel&) = delete;
  ~SpliceTunnel() override;

  void abort() override;
  TunnelBytes bytes() const override { return {directions_[0].moved, directions_[1].moved}; }

 private:
  struct Side {
    SpliceTunnel* tunnel = nullptr;
    Origin origin = Origin::kDownstream;
    UniqueFd fd;
    UvHandle<uv_poll_t> poll;
    int polled = 0;  // the events asked for now
  };
  struct Direction {
    explicit Direction(BlockPool& pool) : copied(pool) {}
    Side* from = nullptr;
    Side* to = nullptr;
    std::optional<PipePool::Pipe> pipe;
    size_t in_pipe = 0;
    Buffer copied;  // instead of the pipe
    uint64_t moved = 0;
    bool has_ended = false;    // read to the end
    bool is_finished = false;  // and passed on
    size_t in_hand() const { return in_pipe + copied.size(); }
  };
  enum class Step : uint8_t { kMoved, kBlocked, kFailed };

  void add_side(Side&, Origin, UniqueFd);
  void on_event(Side&, int status);
  void pump(Direction&);
  Step fill(Direction&);
  Step fill_by_copy(Direction&);
  Step empty(Direction&);
  Step took(Direction&, ssize_t count);
  Step failed(const Side&, int code);
  void give_pipe_back(Direction&);
  void poll(Side&, const Direction& out_of_it, const Direction& into_it);
  void idle();
  void end(Error why);
  void finish();

  Loop& loop_;
  PipePool& pipes_;
  Duration idle_after_;
  OnDone on_done_;
  Side down_;
  Side up_;
  std::array<Direction, 2> directions_;  // up, down
  std::optional<Error> why_;
  DeferredOf<SpliceTunnel, &SpliceTunnel::finish> finish_{*this};
  DeadlineOf<SpliceTunnel, &SpliceTunnel::idle> idle_{*this};
};
}  // namespace heddle
