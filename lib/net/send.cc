#include "lib/net/send.h"

#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lib/base/assert.h"

namespace heddle {
namespace {
constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
constexpr size_t kCopied = 4096;  // copying so few is cheaper than what the kernel does for an array

ssize_t send_one(int fd, Bytes bytes) noexcept { return send(fd, bytes.data(), bytes.size(), kFlags); }

ssize_t send_together(int fd, std::span<const Bytes> slices) noexcept {
  std::array<std::byte, kCopied> together;
  auto end = together.begin();
  for (Bytes slice : slices) end = std::copy(slice.begin(), slice.end(), end);
  return send_one(fd, {together.begin(), end});
}

ssize_t send_array(int fd, std::span<const Bytes> slices) noexcept {
  std::array<iovec, kSlicesPerSend> vectors;
  std::transform(slices.begin(), slices.end(), vectors.begin(), [](Bytes slice) {
    return iovec{const_cast<std::byte*>(slice.data()), slice.size()};
  });
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = slices.size();
  return sendmsg(fd, &message, kFlags);
}

ssize_t send_once(int fd, std::span<const Bytes> slices) noexcept {
  if (slices.size() == 1) return send_one(fd, slices.front());
  size_t length = 0;
  for (Bytes slice : slices) length += slice.size();
  return length <= kCopied ? send_together(fd, slices) : send_array(fd, slices);
}
}  // namespace

ssize_t send_slices(int fd, std::span<const Bytes> slices) noexcept {
  HEDDLE_ASSERT(slices.size() <= kSlicesPerSend);
  ssize_t sent = 0;
  do {
    sent = send_once(fd, slices);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? uv_translate_sys_error(errno) : sent;
}
}  // namespace heddle
