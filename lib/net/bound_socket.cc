#include "lib/net/bound_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "lib/base/strings.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
Result<void> turn_on(int fd, int level, int name, std::string_view what) {
  int one = 1;
  if (setsockopt(fd, level, name, &one, sizeof(one)) != 0) return io_error(what, errno);
  return {};
}

// A file is stale when nobody accepts behind it: the kernel then refuses at once.
Result<void> remove_stale_file(const Address& address) {
  struct stat file {};
  if (lstat(address.path().c_str(), &file) != 0) return io_error("lstat", errno);
  if (!S_ISSOCK(file.st_mode)) return make_error(Reason::kIo, "the file exists and is not a socket");
  HEDDLE_TRY(UniqueFd probe, open_socket(address));
  sockaddr_storage storage;
  socklen_t length = address.to_sockaddr(storage);
  if (connect(probe.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 || errno != ECONNREFUSED) {
    return make_error(Reason::kIo, "address already in use: another process listens there");
  }
  if (unlink(address.path().c_str()) != 0) return io_error("removing the old socket file", errno);
  return {};
}
}  // namespace

Result<BoundSocket> BoundSocket::open(const ListenSpec& spec) {
  std::string name = spec.address.text();
  if (!spec.address.is_set()) return make_error(Reason::kConfigInvalid, "no address to listen on");
  Result<UniqueFd> fd = open_socket(spec.address);
  if (!fd) return std::move(fd).error().within(name);
  BoundSocket socket(*std::move(fd));
  Result<void> bound = spec.address.is_ip() ? socket.bind_ip(spec) : socket.bind_unix(spec);
  if (!bound) return std::move(bound).error().within(name);
  if (listen(socket.fd(), spec.backlog) != 0) return make_error(Reason::kIo, errno_text(errno)).within(name);
  return socket;
}

Result<void> BoundSocket::bind_ip(const ListenSpec& spec) {
  HEDDLE_CHECK_OK(turn_on(fd(), SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"));
  if (spec.reuse_port) HEDDLE_CHECK_OK(turn_on(fd(), SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT"));
  // "::" must not take the IPv4 port too: who wants both listens twice.
  if (spec.address.family() == Address::Family::kIpv6) {
    HEDDLE_CHECK_OK(turn_on(fd(), IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"));
  }
  set_stream_options(fd());  // inherited by what it accepts
  HEDDLE_CHECK_OK(bind_to(spec.address));
  address_ = local_address(fd());
  return {};
}

Result<void> BoundSocket::bind_unix(const ListenSpec& spec) {
  if (spec.reuse_port) return make_error(Reason::kUnsupported, "a Unix socket cannot be shared by SO_REUSEPORT");
  // The file takes its mode from the socket (minus the umask), so there is no moment in which others may connect.
  if (fchmod(fd(), spec.unix_mode) != 0) return io_error("fchmod", errno);
  Result<void> bound = bind_to(spec.address);
  if (!bound && errno == EADDRINUSE) {
    HEDDLE_CHECK_OK(remove_stale_file(spec.address));
    bound = bind_to(spec.address);
  }
  if (!bound) return bound;
  address_ = spec.address;
  struct stat file {};
  if (chmod(spec.address.path().c_str(), spec.unix_mode) != 0) return io_error("chmod", errno);
  if (lstat(spec.address.path().c_str(), &file) != 0) return io_error("lstat", errno);
  device_ = file.st_dev;
  inode_ = file.st_ino;
  return {};
}

Result<void> BoundSocket::bind_to(const Address& address) {
  sockaddr_storage storage;
  socklen_t length = address.to_sockaddr(storage);
  if (bind(fd(), reinterpret_cast<sockaddr*>(&storage), length) == 0) return {};
  int code = errno;
  Error error = make_error(Reason::kIo, errno_text(code));
  errno = code;
  return error;
}

void BoundSocket::close() {
  if (!fd_) return;
  struct stat file {};
  bool is_ours =
      inode_ != 0 && lstat(address_.path().c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
  if (is_ours) unlink(address_.path().c_str());
  fd_.reset();
}
}  // namespace heddle
