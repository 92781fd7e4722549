#include "lib/net/connector.h"

#include <cerrno>
#include <utility>

#include "lib/base/deadline.h"
#include "lib/base/strings.h"
#include "lib/net/socket.h"
#include "lib/net/stream_transport.h"

namespace heddle {
namespace {
Error connect_error(const Address& address, int code) {
  std::string detail = str_cat(address.text(), ": ", errno_text(code));
  switch (-code) {
    case ECONNREFUSED:
    case ENOENT:  // no such socket file: nobody listens there either
      return make_error(Reason::kUpstreamConnectRefused, std::move(detail), Origin::kUpstream);
    case ETIMEDOUT:
      return make_error(Reason::kUpstreamConnectTimeout, std::move(detail), Origin::kUpstream);
    default:
      return make_error(Reason::kUpstreamConnectFailed, std::move(detail), Origin::kUpstream);
  }
}

// One attempt, which is also the caller's token. Every way it ends goes through complete(), once.
class Attempt final : public Operation {
 public:
  Attempt(Loop& loop, Address address, Connector::OnConnect on_connect)
      : loop_(loop), address_(std::move(address)), on_connect_(std::move(on_connect)) {}

  void start(Duration deadline) {
    timeout_.arm(loop_, deadline);
    int status = address_.family() == Address::Family::kUnix ? start_unix() : start_tcp();
    if (status == 0) return;
    early_error_ = status;  // completion never runs inside the call
    loop_.defer(fail_, Loop::Phase::kTask);
  }

 private:
  static void on_connect(uv_connect_t* raw, int status) {
    std::unique_ptr<uv_connect_t> request(raw);
    if (auto* self = static_cast<Attempt*>(request->handle->data)) self->connected(status);
  }

  int start_tcp() {
    if (!address_.is_ip()) return UV_EINVAL;
    sockaddr_storage storage;
    address_.to_sockaddr(storage);
    tcp_ = make_uv<uv_tcp_t>(this, [this](uv_tcp_t* h) { return uv_tcp_init(loop_.raw(), h); });
    auto request = std::make_unique<uv_connect_t>();
    int status = uv_tcp_connect(request.get(), tcp_.get(), reinterpret_cast<sockaddr*>(&storage), on_connect);
    if (status == 0) request.release();
    return status;
  }

  int start_unix() {
    pipe_ = make_uv<uv_pipe_t>(this, [this](uv_pipe_t* h) { return uv_pipe_init(loop_.raw(), h, 0); });
    uv_pipe_connect(std::make_unique<uv_connect_t>().release(), pipe_.get(), address_.path().c_str(), on_connect);
    return 0;
  }

  int fd() const {
    uv_os_fd_t fd = -1;
    const void* handle = tcp_ ? static_cast<const void*>(tcp_.get()) : pipe_.get();
    return uv_fileno(static_cast<const uv_handle_t*>(handle), &fd) == 0 ? fd : -1;
  }

  void connected(int status) {
    if (status != 0) return complete(connect_error(address_, status));
    ConnectionInfo info;
    info.local = local_address(fd());
    info.peer = address_;
    // A connect to a free port of our own ephemeral range can meet itself (simultaneous open).
    if (tcp_ && info.local == info.peer) return complete(connect_error(address_, UV_ECONNREFUSED));
    if (tcp_) {
      set_stream_options(fd());
      return complete(std::make_unique<StreamTransport>(loop_, std::move(tcp_), std::move(info), Connected::kTold));
    }
    complete(std::make_unique<StreamTransport>(loop_, std::move(pipe_), std::move(info), Connected::kTold));
  }

  void fail() { complete(connect_error(address_, early_error_)); }
  void timed_out() { complete(connect_error(address_, UV_ETIMEDOUT)); }

  void complete(Result<std::unique_ptr<Transport>> result) {
    timeout_.cancel();
    fail_.cancel_deferred();
    tcp_.reset();
    pipe_.reset();
    Connector::OnConnect on_connect = std::move(on_connect_);
    on_connect(std::move(result));  // may destroy this
  }

  Loop& loop_;
  Address address_;
  Connector::OnConnect on_connect_;
  int early_error_ = 0;
  UvHandle<uv_tcp_t> tcp_;
  UvHandle<uv_pipe_t> pipe_;
  DeferredOf<Attempt, &Attempt::fail> fail_{*this};
  DeadlineOf<Attempt, &Attempt::timed_out> timeout_{*this};
};
}  // namespace

Pending TcpConnector::connect(const Address& address, Duration deadline, OnConnect on_connect) {
  auto attempt = std::make_unique<Attempt>(loop_, address, std::move(on_connect));
  attempt->start(deadline);
  return attempt;
}
}  // namespace heddle
