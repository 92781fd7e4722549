#include "tests/support/raw_origin.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/strings.h"

namespace heddle {
namespace {
enum class Sharing : uint8_t { kNone, kWithListeners };

UniqueFd bound_socket(Address& address, Sharing sharing = Sharing::kNone) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int shares = sharing == Sharing::kWithListeners ? 1 : 0;  // listeners set these, too; one of them is enough
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &shares, sizeof(shares));
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &shares, sizeof(shares));
  sockaddr_storage storage{};
  socklen_t length = Address::loopback(0).to_sockaddr(storage);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) std::abort();
  length = sizeof(storage);
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  address = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  return fd;
}
}  // namespace

RawOrigin::RawOrigin(Script script) : script_(std::move(script)), listener_(bound_socket(address_)) {
  if (listen(listener_.get(), 512) != 0) std::abort();
  acceptor_ = std::thread([this] { accept_loop(); });
}

void RawOrigin::stop_listening() { shutdown(listener_.get(), SHUT_RDWR); }

RawOrigin::~RawOrigin() {
  stop_listening();
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (BlockingClient* peer : open_) shutdown(peer->fd(), SHUT_RDWR);
  }
  for (auto& [index, thread] : threads_) thread.join();
}

void RawOrigin::join_ended() {
  std::vector<int> ended;
  {
    std::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (int index : ended) {
    threads_.at(index).join();
    threads_.erase(index);
  }
}

void RawOrigin::accept_loop() {
  for (;;) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    join_ended();
    int index = accepted_++;
    threads_.emplace(index, [this, index, fd = std::move(fd)]() mutable { serve(std::move(fd), index); });
  }
}

void RawOrigin::serve(UniqueFd fd, int index) {
  BlockingClient peer(std::move(fd));
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    open_.push_back(&peer);
  }
  script_(peer, index, requests_);
  std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), &peer));
  peer.close();
  ended_.push_back(index);
}

DeadPort::DeadPort() : fd_(bound_socket(address_)) {}
KeptPort::KeptPort() : fd_(bound_socket(address_, Sharing::kWithListeners)) {}

std::string read_request(BlockingClient& peer) {
  std::string head = peer.read_until("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n")) return {};
  std::string lower = to_lower(head);
  size_t at = lower.find("\r\ncontent-length:");
  if (at == std::string::npos) return head;
  return head + peer.read_exactly(std::strtoul(lower.c_str() + at + 17, nullptr, 10));
}
}  // namespace heddle
