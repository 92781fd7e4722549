// The floor: a relay that parses nothing and encrypts nothing. Accepts on 127.0.0.1:LISTEN, connects to
// 127.0.0.1:TARGET, and copies bytes both ways on one epoll loop: what the kernel alone costs a proxy that copies.
//
// usage: heddle-bench-floor LISTEN TARGET
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr int kAcceptsPerTurn = 32;

struct Pair;

// One direction's source: what was read here and could not be written to the other side yet.
struct Side {
  int fd = -1;
  Pair* pair = nullptr;
  Side* other = nullptr;
  std::vector<char> waiting;
  bool ended = false;     // this side sent its FIN
  bool told = false;      // the other side was told so
  bool added = false;     // to epoll
  uint32_t interest = 0;  // what epoll was asked for
};

struct Pair {
  Side client;
  Side origin;
};

class Relay {
 public:
  Relay(uint16_t listen_port, uint16_t target_port) : target_(loopback(target_port)) { listen_on(listen_port); }

  int run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) return 1;
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
      dead_.clear();
    }
  }

 private:
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static int tcp_socket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
  }

  void listen_on(uint16_t port) {
    const sockaddr_in address = loopback(port);
    const int one = 1;
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listener_ = tcp_socket();
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 4096) != 0) {
      std::perror("heddle-bench-floor: listen");
      std::exit(1);
    }
    epoll_event event{EPOLLIN, {nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  void handle(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_some();
    Side& side = *static_cast<Side*>(event.data.ptr);
    if (side.fd < 0) return;  // closed earlier in this turn
    if ((event.events & EPOLLOUT) != 0) flush(*side.other);
    if (side.fd >= 0 && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) forward(side);
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      open_pair(fd);
    }
  }

  void open_pair(int client) {
    const int one = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const int origin = tcp_socket();
    const bool failed = connect(origin, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0;
    if (failed && errno != EINPROGRESS) {
      close(client);
      close(origin);
      return;
    }
    auto pair = std::make_unique<Pair>();
    pair->client = Side{client, pair.get(), &pair->origin, {}, false, false, false, 0};
    pair->origin = Side{origin, pair.get(), &pair->client, {}, false, false, false, 0};
    watch(pair->client, EPOLLIN);
    watch(pair->origin, EPOLLIN);
    pairs_.emplace(pair.get(), std::move(pair));
  }

  void watch(Side& side, uint32_t interest) {
    if (side.added && side.interest == interest) return;
    epoll_event event{interest, {&side}};
    epoll_ctl(epoll_, side.added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, side.fd, &event);
    side.added = true;
    side.interest = interest;
  }

  // What `from` sent goes to the other side; what that side does not take waits, and `from` is not read meanwhile.
  void forward(Side& from) {
    if (!from.waiting.empty() || from.ended) return;
    const ssize_t got = read(from.fd, block_.data(), block_.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return drop(from);
    if (got == 0) {
      from.ended = true;
      return tell_end(from);
    }
    const auto size = static_cast<std::size_t>(got);
    const ssize_t put = write(from.other->fd, block_.data(), size);
    if (put < 0 && errno != EAGAIN) return drop(from);
    const std::size_t done = put < 0 ? 0 : static_cast<std::size_t>(put);
    if (done == size) return;
    from.waiting.assign(block_.data() + done, block_.data() + size);
    watch(from, from.interest & ~static_cast<uint32_t>(EPOLLIN));
    watch(*from.other, from.other->interest | EPOLLOUT);
  }

  // The side opposite to `from` can be written again.
  void flush(Side& from) {
    if (!from.waiting.empty()) {
      const ssize_t put = write(from.other->fd, from.waiting.data(), from.waiting.size());
      if (put < 0 && errno != EAGAIN) return drop(from);
      if (put > 0) from.waiting.erase(from.waiting.begin(), from.waiting.begin() + put);
    }
    if (!from.waiting.empty()) return;
    watch(*from.other, from.other->interest & ~static_cast<uint32_t>(EPOLLOUT));
    watch(from, from.interest | EPOLLIN);
  }

  void tell_end(Side& from) {
    shutdown(from.other->fd, SHUT_WR);
    from.told = true;
    if (from.other->told) return drop(from);
    watch(from, from.interest & ~static_cast<uint32_t>(EPOLLIN));
  }

  void drop(Side& side) {
    Pair* pair = side.pair;
    for (Side* one : {&pair->client, &pair->origin}) {
      close(one->fd);
      one->fd = -1;
    }
    // Events of this turn may still point at it: it goes when the turn is over.
    auto node = pairs_.extract(pair);
    dead_.push_back(std::move(node.mapped()));
  }

  sockaddr_in target_;
  int epoll_ = -1;
  int listener_ = -1;
  std::vector<char> block_ = std::vector<char>(kBlock);
  std::map<Pair*, std::unique_ptr<Pair>> pairs_;
  std::vector<std::unique_ptr<Pair>> dead_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: heddle-bench-floor LISTEN TARGET\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Relay relay(static_cast<uint16_t>(std::atoi(argv[1])), static_cast<uint16_t>(std::atoi(argv[2])));
  return relay.run();
}
