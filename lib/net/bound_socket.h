// BoundSocket: a socket that is bound and listens, and for Unix the file of it. Owned by a Listener; closing it removes
// the file if it is still the one it made. Makes no upcalls, knows no loop. A Unix file of a dead process is replaced;
// one that somebody listens behind, or that is no socket, never.
#pragma once
#include <sys/types.h>

#include <string>

#include "lib/base/unique_fd.h"
#include "lib/net/listener.h"

namespace heddle {
class BoundSocket {
 public:
  // The error names the address and the reason: "127.0.0.1:8080: address already in use".
  static Result<BoundSocket> open(const ListenSpec&);
  BoundSocket(BoundSocket&&) noexcept = default;
  BoundSocket& operator=(BoundSocket&&) = delete;
  ~BoundSocket() { close(); }
  int fd() const noexcept { return fd_.get(); }
  const Address& address() const noexcept { return address_; }
  void close();

 private:
  explicit BoundSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<void> bind_ip(const ListenSpec&);
  Result<void> bind_unix(const ListenSpec&);
  Result<void> bind_to(const Address&);
  UniqueFd fd_;
  Address address_;
  // The socket file, to recognise it again.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};
}  // namespace heddle
