#include "lib/net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "lib/net/bound_socket.h"
#include "lib/net/original_dst.h"
#include "lib/net/socket.h"
#include "lib/net/stream_transport.h"

namespace heddle {
namespace {
bool is_wildcard(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

// What accept(2) says about one connection, not about us: the next one may be fine.
bool concerns_one_connection(int code) {
  switch (code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

class SocketListener final : public Listener {
 public:
  SocketListener(Loop& loop, BoundSocket socket, const ListenSpec& spec, ConnectionCap& cap)
      : loop_(loop),
        cap_(cap),
        is_intercepted_(spec.intercepted),
        has_local_(!spec.intercepted && !is_wildcard(spec.address)),
        socket_(std::move(socket)),
        retry_(loop.timer([this] { poll(); })) {
    poll_ = make_uv<uv_poll_t>(this, [this](uv_poll_t* h) { return uv_poll_init(loop_.raw(), h, socket_.fd()); });
  }
  ~SocketListener() override { close(); }

  void set_on_accept(OnAccept on_accept) { on_accept_ = std::move(on_accept); }
  void start() override {
    is_started_ = true;
    poll();
  }
  void stop_accepting() override {
    if (poll_ == nullptr) return;
    uv_poll_stop(poll_.get());
    retry_->cancel();
    loop_.defer(last_round_, Loop::Phase::kTask);
  }
  void connection_ended() override {
    if (is_at_cap_) poll();
  }
  const Address& address() const override { return socket_.address(); }

 private:
  enum class Accepted : uint8_t { kOne, kSkipped, kNoMore };

  void poll();
  void on_readable();
  Accepted accept_one();
  Accepted accept_failed(int code);
  void hand_over(UniqueFd, Address peer);
  ConnectionInfo describe(int fd, Address peer) const;
  void last_round();
  void close();

  Loop& loop_;
  ConnectionCap& cap_;
  bool is_intercepted_;
  bool has_local_;  // every connection's local address is the listener's
  bool is_started_ = false;
  bool is_at_cap_ = false;
  BoundSocket socket_;
  OnAccept on_accept_;
  std::unique_ptr<Timer> retry_;
  UvHandle<uv_poll_t> poll_;
  DeferredOf<SocketListener, &SocketListener::last_round> last_round_{*this};
};

void SocketListener::poll() {
  if (!is_started_ || poll_ == nullptr || last_round_.is_deferred()) return;
  is_at_cap_ = false;
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (auto* self = static_cast<SocketListener*>(handle->data)) self->on_readable();
  });
}

void SocketListener::on_readable() {
  Loop& loop = loop_;
  uv_poll_t* handle = poll_.get();  // valid until its close callback, also if a connection made the owner close us
  for (int i = 0; i < kAcceptBudget; ++i) {
    if (accept_one() == Accepted::kNoMore || handle->data == nullptr) return;
  }
  loop.turn_if_crowded();
}

SocketListener::Accepted SocketListener::accept_one() {
  if (!cap_.has_room()) {
    is_at_cap_ = true;
    if (poll_ != nullptr) uv_poll_stop(poll_.get());
    return Accepted::kNoMore;
  }
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  UniqueFd fd(accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) return accept_failed(errno);
  hand_over(std::move(fd), Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage)));
  return Accepted::kOne;
}

// Out of descriptors or memory (or something new): the queue keeps the clients while we wait. Never spins.
SocketListener::Accepted SocketListener::accept_failed(int code) {
  if (concerns_one_connection(code)) return Accepted::kSkipped;
  if (code == EAGAIN || code == EWOULDBLOCK) return Accepted::kNoMore;
  uv_poll_stop(poll_.get());
  retry_->arm(kRetryAfter);
  return Accepted::kNoMore;
}

void SocketListener::hand_over(UniqueFd fd, Address peer) {
  ConnectionInfo info = describe(fd.get(), std::move(peer));
  std::unique_ptr<Transport> transport = adopt_descriptor(loop_, std::move(fd), std::move(info), Connected::kTell);
  if (transport == nullptr) return;
  cap_.take();
  on_accept_(std::move(transport));
}

ConnectionInfo SocketListener::describe(int fd, Address peer) const {
  ConnectionInfo info;
  info.local = has_local_ ? address() : local_address(fd);
  info.peer = std::move(peer);
  if (is_intercepted_) info.original_dst = original_destination(fd, address().family());
  return info;
}

void SocketListener::last_round() {
  uv_poll_t* handle = poll_.get();
  while (handle->data != nullptr && accept_one() != Accepted::kNoMore) {
  }
  if (handle->data != nullptr) close();
}

void SocketListener::close() {
  retry_->cancel();
  poll_.reset();  // leaves epoll before the descriptor is closed
  socket_.close();
}
}  // namespace

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const ListenSpec& spec, ConnectionCap& cap,
                                                   OnAccept on_accept) {
  HEDDLE_TRY(BoundSocket socket, BoundSocket::open(spec));
  auto listener = std::make_unique<SocketListener>(loop, std::move(socket), spec, cap);
  listener->set_on_accept(std::move(on_accept));
  return std::unique_ptr<Listener>(std::move(listener));
}
}  // namespace heddle
