// Socket calls that libuv does not make: options, names, and errno in words. Free functions on descriptors the caller
// owns; nothing here blocks, none of it knows a loop. Failures carry errno's words, so that an operator needs no table.
// Defaults of keepalive: a vanished peer is noticed within two minutes.
#pragma once
#include "lib/base/address.h"
#include "lib/base/result.h"
#include "lib/base/unique_fd.h"

namespace heddle {
// "connection refused"; uv's negative codes and errno alike.
std::string errno_text(int code);
Error io_error(std::string_view what, int code);

// TCP_NODELAY and keepalive (60 s idle, then 6 probes 10 s apart: a vanished peer is noticed within two minutes).
// Options that cannot be set are left: a socket without them still works. Accepted sockets inherit them.
void set_stream_options(int fd);
Address local_address(int fd);
Address peer_address(int fd);
// A socket for `address`: non-blocking, close-on-exec.
Result<UniqueFd> open_socket(const Address&);
// Raises the soft limit of open files to the hard limit; returns what it is then. Called once at start (rule L7).
size_t raise_nofile_limit();
}  // namespace heddle
