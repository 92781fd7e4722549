// BackpressureRig: sidecars between a side that writes without end and one that does not read, and what they hold when
// nothing moves any more; with the terms of the memory formula of docs/flow-control.md.
#pragma once
#include <algorithm>
#include <future>

#include "lib/http/limits.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace backpressure {
inline constexpr size_t kMiB = 1024 * 1024;
inline constexpr size_t kHuge = 64 * kMiB;  // much more than all the kernel's buffers on the way
inline constexpr size_t kRead = 64 * 1024;  // one read of a transport, one flush of a session
// The terms of docs/flow-control.md.
inline constexpr size_t kTransport = (Transport::kUnconsumedMark + kRead) + (Transport::kWriteHighMark + kRead);
inline constexpr size_t kTls = (Transport::kUnconsumedMark + kRead) + (Transport::kWriteHighMark + kRead) + kRead;
inline const size_t kStream = HttpLimits{}.stream_high_mark + HttpLimits{}.uncredited_mark + kRead;
inline constexpr size_t kReplay = 2 * 64 * 1024;
inline constexpr size_t kRounding = 2;  // a block that is pinned is at least half full
}  // namespace backpressure

class BackpressureRig : public MeshFixture {
 protected:
  // The scripts of the origins use what is below: they end first.
  ~BackpressureRig() override {
    if (may_read_.wait_for(0s) != std::future_status::ready) go_.set_value();
    origins_.clear();
  }
  static size_t in_use(Sidecar& sidecar) {
    std::promise<size_t> answer;
    Loop& loop = sidecar.worker().loop();
    loop.post([&] { answer.set_value(loop.blocks().bytes_in_use()); });
    return answer.get_future().get();
  }
  // Until the writer has made no progress for 20 looks at it; gives the most that any sidecar held meanwhile.
  size_t stall(const std::atomic<size_t>& written) {
    size_t most = 0;
    size_t last = 0;
    for (int quiet = 0; quiet < 20;) {
      for (auto& sidecar : inbound_) most = std::max(most, in_use(*sidecar));
      most = std::max(most, in_use(*outbound_));
      size_t now = written;
      quiet = now == last && now > 0 ? quiet + 1 : 0;
      last = now;
      std::this_thread::sleep_for(10ms);  // poll: that nothing moves any more has no event of its own
    }
    return most;
  }
  // Writes kHuge bytes, counting.
  static void pour(BlockingClient& to, std::atomic<size_t>& written) {
    std::string chunk(16 * 1024, 'p');
    for (size_t sent = 0; sent < backpressure::kHuge; sent += chunk.size()) {
      to.send(chunk);
      written += chunk.size();
    }
  }
  // An origin that begins each answer of kHuge bytes at once.
  RawOrigin& add_pouring_origin(bool http) {
    return add_origin([this, http](BlockingClient& peer, int, std::atomic<int>&) {
      if (http && read_request(peer).empty()) return;
      if (http)
        peer.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", std::to_string(backpressure::kHuge), "\r\n\r\n"));
      pour(peer, written_);
      peer.read_all();
    });
  }
  // An origin that reads nothing of the body until it may.
  RawOrigin& add_lazy_origin(bool http) {
    return add_origin([this, http](BlockingClient& peer, int, std::atomic<int>&) {
      if (http) peer.read_until("\r\n\r\n");
      may_read_.wait();
      size_t got = 0;
      while (got < backpressure::kHuge) {
        size_t n = peer.read_some().size();
        if (n == 0) return;
        got += n;
      }
      peer.send(http ? http_answer("done") : std::string("done"));
      peer.read_all();
    });
  }

  std::atomic<size_t> written_{0};
  std::promise<void> go_;
  std::shared_future<void> may_read_ = go_.get_future().share();
  size_t most_ = 0;
};
}  // namespace heddle
