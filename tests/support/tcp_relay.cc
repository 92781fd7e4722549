#include "tests/support/tcp_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "lib/base/assert.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
constexpr size_t kKept = 1 << 20;  // of what a client said

int with_address(const Address& address, int fd, int (*call)(int, const sockaddr*, socklen_t)) {
  sockaddr_storage storage{};
  socklen_t size = address.to_sockaddr(storage);
  return call(fd, reinterpret_cast<const sockaddr*>(&storage), size);
}

bool send_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    ssize_t n = ::send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}
}  // namespace

TcpRelay::TcpRelay(Address server)
    : server_(std::move(server)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  HEDDLE_CHECK(with_address(Address::loopback(0), listener_.get(), ::bind) == 0);
  HEDDLE_CHECK(::listen(listener_.get(), 64) == 0);
  address_ = local_address(listener_.get());
  std::array<int, 2> ends{};
  HEDDLE_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  stop_read_.reset(ends[0]);
  stop_write_.reset(ends[1]);
  wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  HEDDLE_CHECK(wake_.get() >= 0);
  thread_ = std::thread([this] { run(); });
}

TcpRelay::~TcpRelay() {
  stop_write_.reset();
  thread_.join();
}

void TcpRelay::lose_answer_to(std::string text) {
  armed_text_ = std::move(text);
  armed_.store(true);
}

void TcpRelay::cut() {
  is_cut_.store(true);
  uint64_t one = 1;
  HEDDLE_CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
}

void TcpRelay::run() {
  while (true) {
    std::vector<pollfd> fds = {{stop_read_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      fds.push_back({pair.client.get(), POLLIN, 0});
      fds.push_back({pair.server.get(), POLLIN, 0});
    }
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    uint64_t woken = 0;
    if (fds[2].revents != 0) static_cast<void>(::read(wake_.get(), &woken, sizeof woken) > 0);
    std::vector<Pair> open;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      bool goes_on = !is_cut_.load() && (fds[3 + 2 * i].revents == 0 || carry(pairs_[i], true));
      goes_on = goes_on && (fds[4 + 2 * i].revents == 0 || carry(pairs_[i], false));
      if (goes_on) open.push_back(std::move(pairs_[i]));
    }
    pairs_ = std::move(open);
    if (fds[1].revents != 0) accept_one();
  }
}

// A server that is not there is a client's connection that closes at once.
void TcpRelay::accept_one() {
  Pair pair{UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
            UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
            {}};
  if (is_cut_.load()) return;
  if (pair.client && with_address(server_, pair.server.get(), ::connect) == 0) pairs_.push_back(std::move(pair));
}

// False: the pair is over.
bool TcpRelay::carry(Pair& pair, bool from_client) {
  std::array<char, 64 * 1024> bytes{};
  ssize_t n = ::recv((from_client ? pair.client : pair.server).get(), bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  if (from_client) {
    pair.said.append(bytes.data(), static_cast<size_t>(n));
    if (pair.said.size() > kKept) pair.said.erase(0, pair.said.size() - kKept / 2);
  } else if (loses(pair)) {
    ++lost_;
    return false;
  }
  return send_all((from_client ? pair.server : pair.client).get(), bytes.data(), static_cast<size_t>(n));
}

bool TcpRelay::loses(const Pair& pair) {
  if (!armed_.load() || pair.said.find(armed_text_) == std::string::npos) return false;
  armed_.store(false);
  return true;
}
}  // namespace heddle
