#include "k8s/init/probe_connection.h"

#include <ifaddrs.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "lib/base/strings.h"
#include "lib/net/original_dst.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
// Ten seconds in steps, so that somebody else's connections to the port end the wait, too.
constexpr int kSteps = 100;
constexpr int kStepMs = 100;

bool is_v6(const Address& address) { return address.family() == Address::Family::kIpv6; }

bool no_route(int code) { return code == ENETUNREACH || code == EHOSTUNREACH || code == EADDRNOTAVAIL; }

int connect_to(int fd, const Address& address) {
  sockaddr_storage storage{};
  socklen_t length = address.to_sockaddr(storage);
  return connect(fd, reinterpret_cast<const sockaddr*>(&storage), length);
}

int bind_to(int fd, const Address& address) {
  sockaddr_storage storage{};
  socklen_t length = address.to_sockaddr(storage);
  return bind(fd, reinterpret_cast<const sockaddr*>(&storage), length);
}

Error in_use(const Address& here) {
  return make_error(Reason::kConflict,
                    str_cat(here.text(),
                            " is in use, as by a sidecar that runs already: the self-check cannot listen in its "
                            "place. Next: stop it, or say --no-check"));
}

int connect_error(int fd) {
  int code = 0;
  socklen_t length = sizeof(code);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno;
}
}  // namespace

Result<ProbeOutcome> ProbeConnection::run() {
  HEDDLE_TRY(ProbeOutcome listening, listen_here());
  if (listening != ProbeOutcome::kArrived) return listening;
  HEDDLE_TRY(ProbeOutcome dialled, dial());
  if (dialled != ProbeOutcome::kArrived) return dialled;
  return wait_for_it();
}

Result<ProbeOutcome> ProbeConnection::listen_here() {
  auto loopback = Address::from_ip(is_v6(target_) ? "::1" : "127.0.0.1", port_);
  HEDDLE_TRY(listener_, open_socket(*loopback));
  int yes = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind_to(listener_.get(), *loopback) != 0) {
    if (errno == EADDRINUSE) return in_use(*loopback);
    if (errno == EADDRNOTAVAIL && is_v6(target_)) return ProbeOutcome::kNoLoopback;
    return io_error(str_cat("bind ", loopback->text()), errno);
  }
  if (listen(listener_.get(), 16) != 0) return io_error(str_cat("listen on ", loopback->text()), errno);
  return ProbeOutcome::kArrived;
}

Result<ProbeOutcome> ProbeConnection::dial() {
  HEDDLE_TRY(dialled_, open_socket(target_));
  if (connect_to(dialled_.get(), target_) == 0 || errno == EINPROGRESS) return ProbeOutcome::kArrived;
  if (no_route(errno)) return ProbeOutcome::kNoRoute;
  return io_error(str_cat("connect to ", target_.text()), errno);
}

Result<ProbeOutcome> ProbeConnection::wait_for_it() {
  for (int step = 0; step < kSteps; ++step) {
    std::array<pollfd, 2> waits{{{listener_.get(), POLLIN, 0}, {dialled_.get(), 0, 0}}};
    if (poll(waits.data(), waits.size(), kStepMs) < 0 && errno != EINTR) return io_error("poll", errno);
    if ((waits[0].revents & POLLIN) != 0) {
      HEDDLE_TRY(bool ours, take_one());
      if (ours) return ProbeOutcome::kArrived;
    } else if ((waits[1].revents & (POLLERR | POLLHUP)) != 0) {
      return did_not_come(errno_text(connect_error(dialled_.get())));
    }
  }
  return did_not_come("nothing came within ten seconds");
}

// False: somebody else's connection, which is closed. Ours is known by where it wanted to go: its source port may be
// another one here, where the kernel had to choose anew because an older redirected connection holds it.
Result<bool> ProbeConnection::take_one() {
  UniqueFd taken(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!taken) return false;
  auto wanted = original_destination(taken.get(), target_.family());
  if (wanted == target_) return true;
  if (peer_address(taken.get()) != local_address(dialled_.get())) return false;
  return make_error(
      Reason::kInternal,
      str_cat("a connection to ", target_.text(), " came, but the kernel does not know where it wanted to go (",
              wanted ? wanted->text() : std::string("nothing"),
              "), so the sidecar could not carry it on. Next: see that the node has the kernel module "
              "nf_conntrack"));
}

Error ProbeConnection::did_not_come(const std::string& why) const {
  return make_error(
      Reason::kUnavailable,
      str_cat("a connection to ", target_.text(), " did not come to port ", std::to_string(port_), " (", why,
              "): connections might leave this pod without encryption. Next: look for other rules that come "
              "first (nft list ruleset, iptables-save -t nat), then run heddle-init --check"));
}

std::optional<std::string> interface_towards(const Address& target) {
  UniqueFd fd(socket(is_v6(target) ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || connect_to(fd.get(), target) != 0) return std::nullopt;
  Address own = local_address(fd.get()).with_port(0);
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return std::nullopt;
  std::optional<std::string> out;
  for (ifaddrs* one = all; one != nullptr && !out; one = one->ifa_next)
    if (one->ifa_addr != nullptr && Address::from_sockaddr(one->ifa_addr).with_port(0) == own) out = one->ifa_name;
  freeifaddrs(all);
  return out;
}
}  // namespace heddle
