// Open-loop HTTP/1.1 load: RATE requests a second, evenly spaced, whatever the answers do. The latency of a request is
// counted from when it was due, so a proxy that stalls cannot hide it (no coordinated omission).
// Prints one JSON object: requests, seconds, p50_us, p99_us, max_us, refused.
//
// usage: heddle-bench-pace PORT RATE SECONDS CONNECTIONS [overload]
// overload: more than the proxy can do. Ends after SECONDS, whatever is unanswered then; what is not 200 is refused.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <vector>

#include "bench/macro/loopback.h"

namespace heddle::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: bench.default\r\n\r\n";

struct Connection {
  int fd = -1;
  Clock::time_point due;
  std::string received;
};

class Pace {
 public:
  Pace(uint16_t port, double rate, double seconds, std::size_t connections, bool overload)
      : step_(std::chrono::nanoseconds(static_cast<int64_t>(1e9 / rate))),
        length_(std::chrono::nanoseconds(static_cast<int64_t>(1e9 * seconds))),
        total_(static_cast<std::size_t>(rate * seconds)),
        overload_(overload),
        connections_(connections) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (Connection& one : connections_) open(one, port);
    latencies_.reserve(total_);
  }

  void run() {
    begin_ = Clock::now();
    std::array<epoll_event, 256> events;
    while (overload_ ? Clock::now() < begin_ + length_ : latencies_.size() < total_) {
      send_due();
      const timespec patience = until_next();
      const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
      if (count < 0 && errno != EINTR) die("heddle-bench-pace: epoll");
      for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    print();
  }

 private:
  void open(Connection& one, uint16_t port) {
    one.fd = connect_loopback(port);
    fcntl(one.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{EPOLLIN, {&one}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
    free_.push_back(&one);
  }

  Clock::time_point due(std::size_t number) const { return begin_ + step_ * static_cast<int64_t>(number); }

  // A request that finds no free connection waits; its latency runs from when it was due all the same.
  void send_due() {
    const auto now = Clock::now();
    while (sent_ < total_ && !free_.empty() && due(sent_) <= now) {
      Connection& one = *free_.front();
      free_.pop_front();
      one.due = due(sent_++);
      if (write(one.fd, kRequest.data(), kRequest.size()) != static_cast<ssize_t>(kRequest.size())) {
        die("heddle-bench-pace: send");
      }
    }
  }

  timespec until_next() const {
    constexpr int64_t kSecond = 1'000'000'000;
    auto next = Clock::now() + std::chrono::seconds(5);
    if (sent_ < total_ && !free_.empty()) next = due(sent_);
    if (overload_) next = std::min(next, begin_ + length_);
    const auto left = std::chrono::nanoseconds(next - Clock::now()).count();
    return left <= 0 ? timespec{0, 0} : timespec{left / kSecond, left % kSecond};
  }

  void receive(Connection& one) {
    std::array<char, 16384> block;
    const ssize_t got = read(one.fd, block.data(), block.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("heddle-bench-pace: receive");
    one.received.append(block.data(), static_cast<std::size_t>(got));
    const std::size_t size = response_size(one.received);
    if (size == 0 || one.received.size() < size) return;
    take(one, is_ok(one.received));
    one.received.clear();
    free_.push_back(&one);
  }

  void take(const Connection& one, bool ok) {
    if (ok) {
      latencies_.push_back(std::chrono::nanoseconds(Clock::now() - one.due).count());
    } else if (overload_) {
      ++refused_;
    } else {
      die("heddle-bench-pace: not 200");
    }
  }

  double microseconds(double part) const {
    const auto last = static_cast<double>(latencies_.size() - 1);
    return static_cast<double>(latencies_[static_cast<std::size_t>(part * last)]) / 1e3;
  }

  void print() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    if (latencies_.empty()) die("heddle-bench-pace: no answer");
    std::sort(latencies_.begin(), latencies_.end());
    std::printf(
        "{\"requests\": %zu, \"seconds\": %.4f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"refused\": "
        "%zu}\n",
        latencies_.size(), seconds, microseconds(0.5), microseconds(0.99), microseconds(1.0), refused_);
  }

  std::chrono::nanoseconds step_;
  std::chrono::nanoseconds length_;
  std::size_t total_;
  bool overload_;
  std::size_t refused_ = 0;
  std::size_t sent_ = 0;
  int epoll_ = -1;
  Clock::time_point begin_;
  std::vector<Connection> connections_;
  std::deque<Connection*> free_;
  std::vector<int64_t> latencies_;
};

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  const bool overload = argc == 6 && std::string_view(argv[5]) == "overload";
  if ((argc != 5 && !overload) || std::atof(argv[2]) <= 0 || std::atof(argv[2]) * std::atof(argv[3]) < 1 ||
      std::atoi(argv[4]) < 1) {
    std::fprintf(stderr, "usage: heddle-bench-pace PORT RATE SECONDS CONNECTIONS [overload] (at least one request)\n");
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, 1000UL);  // 1 us: the default of 50 us would be in every latency
  heddle::bench::Pace pace(static_cast<uint16_t>(std::atoi(argv[1])), std::atof(argv[2]), std::atof(argv[3]),
                           static_cast<std::size_t>(std::atoi(argv[4])), overload);
  pace.run();
  return 0;
}
