// What the load helpers share: a TCP connection to 127.0.0.1, and reading one HTTP/1.1 response of known length.
// Owned by whoever calls; blocking unless said. Never retries: a load helper that fails says so and ends.
#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace heddle::bench {
[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A connected socket with TCP_NODELAY.
inline int connect_loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

// Bytes of the first response in `text`, head and body; 0 while its head is not complete. Content-Length only.
inline std::size_t response_size(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  for (const char* name : {"\r\ncontent-length:", "\r\nContent-Length:"}) {
    const std::string_view key = name;
    const std::size_t at = text.substr(0, end).find(key);
    if (at == std::string_view::npos) continue;
    return end + 4 + std::strtoul(text.data() + at + key.size(), nullptr, 10);
  }
  return end + 4;
}

inline bool is_ok(std::string_view text) { return text.starts_with("HTTP/1.1 200"); }
}  // namespace heddle::bench
