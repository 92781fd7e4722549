// send_slices(): what one call of the kernel takes of a chain of bytes. Free function on a non-blocking socket the
// caller owns. send() and not write(), and short chains put together first: both are shorter ways through the kernel
// than an array of slices. Never raises SIGPIPE.
#pragma once
#include <sys/types.h>

#include <span>

#include "lib/base/bytes.h"

namespace heddle {
inline constexpr size_t kSlicesPerSend = 64;
// Bytes taken, perhaps fewer than given; below zero libuv's number of the error, UV_EAGAIN when the socket is full.
// At most kSlicesPerSend slices.
ssize_t send_slices(int fd, std::span<const Bytes> slices) noexcept;
}  // namespace heddle
