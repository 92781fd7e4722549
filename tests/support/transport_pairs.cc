#include "tests/support/transport_pairs.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

#include "lib/net/socket.h"
#include "lib/net/tcp_transport.h"
#include "lib/tls/tls_transport.h"
#include "tests/support/memory_transport.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
void shrink(int fd, SocketBuffers buffers) {
  if (buffers == SocketBuffers::kDefault) return;
  int size = 4096;
  HEDDLE_CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
  HEDDLE_CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
}

std::unique_ptr<Transport> tcp_over(Loop& loop, UniqueFd fd) {
  auto tcp = make_uv<uv_tcp_t>(nullptr, [&](uv_tcp_t* h) { return uv_tcp_init(loop.raw(), h); });
  HEDDLE_CHECK(uv_tcp_open(tcp.get(), fd.release()) == 0);
  return make_tcp_transport(loop, std::move(tcp));
}

std::unique_ptr<Transport> pipe_over(Loop& loop, UniqueFd fd) {
  auto pipe = make_uv<uv_pipe_t>(nullptr, [&](uv_pipe_t* h) { return uv_pipe_init(loop.raw(), h, 0); });
  HEDDLE_CHECK(uv_pipe_open(pipe.get(), fd.release()) == 0);
  return make_pipe_transport(loop, std::move(pipe));
}

TransportPair make_tcp(Loop& loop, SocketBuffers buffers) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  shrink(listener.get(), buffers);
  sockaddr_storage storage;
  socklen_t length = Address::loopback(0).to_sockaddr(storage);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  HEDDLE_CHECK(bind(listener.get(), address, length) == 0 && listen(listener.get(), 1) == 0);
  HEDDLE_CHECK(getsockname(listener.get(), address, &length) == 0);
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  shrink(client.get(), buffers);
  HEDDLE_CHECK(connect(client.get(), address, length) == 0);
  UniqueFd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  HEDDLE_CHECK(static_cast<bool>(server));
  return {tcp_over(loop, std::move(client)), tcp_over(loop, std::move(server))};
}

TransportPair make_unix(Loop& loop, SocketBuffers buffers) {
  int fds[2];
  HEDDLE_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  shrink(fds[0], buffers);
  shrink(fds[1], buffers);
  return {pipe_over(loop, UniqueFd(fds[0])), pipe_over(loop, UniqueFd(fds[1]))};
}

TransportPair make_memory(Loop& loop, SocketBuffers buffers) {
  MemoryScript script;
  if (buffers == SocketBuffers::kSmall) script.pipe = 4096;
  MemoryPair pair = make_memory_pair(loop, script);
  return {std::move(pair.first), std::move(pair.second)};
}

std::shared_ptr<const TlsIdentity> test_identity() {
  TestCa ca("cluster.local");
  auto svid = std::make_shared<const Svid>(ca.issue("spiffe://cluster.local/ns/a/sa/b"));
  auto identity = TlsIdentity::create({svid, std::make_shared<const TrustBundle>(ca.bundle())});
  HEDDLE_CHECK(identity.has_value());
  return *identity;
}

std::unique_ptr<Transport> tls_over(Loop& loop, std::unique_ptr<Transport> below,
                                    std::shared_ptr<const TlsContext> context) {
  TlsSetup setup;
  setup.context = std::move(context);
  return make_tls_transport(loop, std::move(below), std::move(setup));
}
}  // namespace

TransportPairFactory tls_pairs(TransportPairFactory base) {
  auto make = [below = base.make, identity = test_identity()](Loop& loop, SocketBuffers buffers) {
    TransportPair pair = below(loop, buffers);
    return TransportPair{tls_over(loop, std::move(pair.a), identity->client),
                         tls_over(loop, std::move(pair.b), identity->server)};
  };
  return {"tls_over_" + base.name, make, base.abort_is_an_error};
}

TransportPairFactory memory_pairs() { return {"memory", make_memory, true}; }
TransportPairFactory tcp_pairs() { return {"tcp", make_tcp, true}; }
TransportPairFactory unix_pairs() { return {"unix", make_unix, false}; }
}  // namespace heddle
