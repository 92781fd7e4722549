// TcpTransport: Transport over a connected uv_tcp_t or uv_pipe_t (Unix socket). Reads into a block of the loop's pool
// (one read per readable event while it fills less than the block); writes are queued and flushed once, at the end of
// the turn, with uv_try_write; the rest goes into at most one uv_write in flight. Sets TCP_NODELAY.
// An idle connection holds no buffer.
#pragma once
#include "lib/event/loop.h"
#include "lib/net/transport.h"

namespace heddle {
// Takes over a connected stream handle (uv_tcp_t or uv_pipe_t) whose data pointer it sets.
std::unique_ptr<Transport> make_tcp_transport(Loop&, UvHandle<uv_tcp_t>);
std::unique_ptr<Transport> make_pipe_transport(Loop&, UvHandle<uv_pipe_t>);

// Whether on_connected() is still to be told, or whoever connected has told it (Connector's law).
enum class Connected : uint8_t { kTell, kTold };
// A transport over a connected descriptor that is non-blocking already; options are the caller's. TCP or Unix by what
// info.local says. Null if the kernel refuses, which closes the descriptor.
std::unique_ptr<Transport> adopt_descriptor(Loop&, UniqueFd, ConnectionInfo, Connected);
}  // namespace heddle
