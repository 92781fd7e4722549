#include "lib/net/socket.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <uv.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
void set_option(int fd, int level, int name, int value) { (void)setsockopt(fd, level, name, &value, sizeof(value)); }

Address from_storage(const sockaddr_storage& storage, socklen_t length) {
  const auto* any = reinterpret_cast<const sockaddr*>(&storage);
  if (any->sa_family != AF_UNIX) return Address::from_sockaddr(any);
  const auto* un = reinterpret_cast<const sockaddr_un*>(&storage);
  // The connecting side has no name; abstract names are not ours.
  if (length <= offsetof(sockaddr_un, sun_path) + 1) return Address::from_sockaddr(any);
  Result<Address> named = Address::from_unix(un->sun_path);
  return named ? *std::move(named) : Address::from_sockaddr(any);
}
}  // namespace

std::string errno_text(int code) {
  char text[128];
  return uv_strerror_r(-std::abs(code), text, sizeof(text));
}

Error io_error(std::string_view what, int code) {
  return make_error(Reason::kIo, str_cat(what, ": ", errno_text(code)));
}

void set_stream_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 6);
}

Address local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return from_storage(storage, length);
}

Address peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return from_storage(storage, length);
}

Result<UniqueFd> open_socket(const Address& address) {
  sockaddr_storage storage;
  address.to_sockaddr(storage);
  UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return io_error("socket", errno);
  return fd;
}

size_t raise_nofile_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}
}  // namespace heddle
