#include "tests/support/blocking_http.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int kPatienceMs = 60'000;  // longer than a busy machine stalls

bool readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return poll(&p, 1, kPatienceMs) == 1;
}

size_t declared_length(const std::string& head) {
  std::string lower = to_lower(head);
  size_t at = lower.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 17, nullptr, 10);
}
}  // namespace

BlockingClient::BlockingClient(const Address& address) {
  sockaddr_storage storage{};
  socklen_t length = address.to_sockaddr(storage);
  UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int no_delay = 1;  // many small writes in a row must not wait for acknowledgements
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0) fd_ = std::move(fd);
}

void BlockingClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void BlockingClient::finish() { shutdown(fd_.get(), SHUT_WR); }

void BlockingClient::reset() {
  linger now{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  fd_.reset();
}

bool BlockingClient::fill() {
  char buffer[16384];
  if (!readable(fd_.get())) return false;
  ssize_t n = recv(fd_.get(), buffer, sizeof(buffer), 0);
  if (n <= 0) ended_ = n == 0 ? Ended::kFin : Ended::kReset;
  if (n <= 0) return false;
  held_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string BlockingClient::read_until(std::string_view end) {
  size_t at = held_.find(end);
  while (at == std::string::npos && fill()) at = held_.find(end);
  size_t n = at == std::string::npos ? held_.size() : at + end.size();
  std::string out = held_.substr(0, n);
  held_.erase(0, n);
  return out;
}

std::string BlockingClient::read_exactly(size_t bytes) {
  while (held_.size() < bytes && fill()) {
  }
  std::string out = held_.substr(0, bytes);
  held_.erase(0, out.size());
  return out;
}

std::string BlockingClient::read_all() {
  while (fill()) {
  }
  return std::exchange(held_, {});
}

std::string BlockingClient::read_some() {
  if (held_.empty()) fill();
  return std::exchange(held_, {});
}

std::string BlockingClient::get(std::string_view path, std::string_view host) {
  send(str_cat("GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n"));
  std::string head = read_until("\r\n\r\n");
  return head + read_exactly(declared_length(head));
}

BlockingOrigin::BlockingOrigin(Handler handler)
    : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_storage storage{};
  socklen_t length = Address::loopback(0).to_sockaddr(storage);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) std::abort();
  if (listen(listener_.get(), 128) != 0) std::abort();
  length = sizeof(storage);
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  address_ = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  acceptor_ = std::thread([this] { accept_loop(); });
}

BlockingOrigin::~BlockingOrigin() {
  stopping_ = true;
  shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (int fd : open_) shutdown(fd, SHUT_RDWR);
  for (std::thread& thread : threads_) thread.join();
  for (int fd : open_) close(fd);
}

void BlockingOrigin::accept_loop() {
  while (!stopping_) {
    int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++accepted_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void BlockingOrigin::serve(int fd) {
  std::string held;
  char buffer[16384];
  auto more = [&] {
    ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n > 0) held.append(buffer, static_cast<size_t>(n));
    return n > 0;
  };
  for (;;) {
    size_t end = held.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (!more()) return void(shutdown(fd, SHUT_RDWR));
      end = held.find("\r\n\r\n");
    }
    std::string head = held.substr(0, end + 4);
    held.erase(0, end + 4);
    size_t length = declared_length(head);
    while (held.size() < length) {
      if (!more()) return void(shutdown(fd, SHUT_RDWR));
    }
    std::string body = held.substr(0, length);
    held.erase(0, length);
    ++requests_;
    std::string answer = handler_(head, body);
    if (answer.empty()) return void(shutdown(fd, SHUT_RDWR));
    for (std::string_view rest = answer; !rest.empty();) {
      ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      rest.remove_prefix(static_cast<size_t>(n));
    }
  }
}

std::string http_answer(std::string_view body, std::string_view extra_fields) {
  return str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", std::to_string(body.size()), "\r\n", extra_fields, "\r\n",
                 body);
}
}  // namespace heddle
