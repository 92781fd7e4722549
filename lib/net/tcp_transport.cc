#include "lib/net/tcp_transport.h"

#include <utility>

#include "lib/net/socket.h"
#include "lib/net/stream_transport.h"

namespace heddle {
namespace {
template <class H>
ConnectionInfo info_of(const UvHandle<H>& handle) {
  ConnectionInfo info;
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(handle.get()), &fd) != 0) return info;
  info.local = local_address(fd);
  info.peer = peer_address(fd);
  if (info.peer.is_ip()) set_stream_options(fd);
  return info;
}
}  // namespace

std::unique_ptr<Transport> adopt_descriptor(Loop& loop, UniqueFd fd, ConnectionInfo info, Connected connected) {
  if (info.local.family() == Address::Family::kUnix) {
    auto pipe = make_uv<uv_pipe_t>(nullptr, [&](uv_pipe_t* h) { return uv_pipe_init(loop.raw(), h, 0); });
    if (uv_pipe_open(pipe.get(), fd.get()) != 0) return nullptr;
    (void)fd.release();
    return std::make_unique<StreamTransport>(loop, std::move(pipe), std::move(info), connected);
  }
  auto tcp = make_uv<uv_tcp_t>(nullptr, [&](uv_tcp_t* h) { return uv_tcp_init(loop.raw(), h); });
  if (uv_tcp_open(tcp.get(), fd.get()) != 0) return nullptr;
  (void)fd.release();
  return std::make_unique<StreamTransport>(loop, std::move(tcp), std::move(info), connected);
}

std::unique_ptr<Transport> make_tcp_transport(Loop& loop, UvHandle<uv_tcp_t> handle) {
  ConnectionInfo info = info_of(handle);
  return std::make_unique<StreamTransport>(loop, std::move(handle), std::move(info), Connected::kTell);
}

std::unique_ptr<Transport> make_pipe_transport(Loop& loop, UvHandle<uv_pipe_t> handle) {
  ConnectionInfo info = info_of(handle);
  return std::make_unique<StreamTransport>(loop, std::move(handle), std::move(info), Connected::kTell);
}
}  // namespace heddle
