// Opens connections that answer one request each and then stay idle, until standard input ends. Prints "open" when all
// of them are there. With three PEM files they are mTLS (TLS 1.3), checked against ROOT.
//
// usage: heddle-bench-idle PORT COUNT h1|h2 HOST [CERTIFICATE KEY ROOT]
#include <openssl/ssl.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "bench/macro/loopback.h"

namespace heddle::bench {
namespace {

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::string_view kPath = "/r0/x";  // a route of every mesh here

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using ContextPtr = std::unique_ptr<SSL_CTX, SslDeleter>;

struct Connection {
  int fd = -1;
  SslPtr ssl;

  bool send(std::string_view bytes) const {
    const auto size = static_cast<int>(bytes.size());
    if (ssl) return SSL_write(ssl.get(), bytes.data(), size) == size;
    return write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(size);
  }

  std::size_t receive(std::array<char, kBlock>& block) const {
    const auto size = static_cast<int>(block.size());
    const ssize_t got = ssl ? SSL_read(ssl.get(), block.data(), size) : read(fd, block.data(), block.size());
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
};

// Preface, empty SETTINGS, and a GET on stream 1 (RFC 7541: static table entries, :path and :authority as literals).
std::string http2_request(const std::string& authority) {
  std::string text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  text += std::string("\0\0\0\4\0\0\0\0\0", 9);
  std::string head("\x82\x86\x04", 3);
  head += static_cast<char>(kPath.size());
  head += kPath;
  head += '\x01';
  head += static_cast<char>(authority.size());
  head += authority;
  text += std::string("\0\0", 2);
  text += static_cast<char>(head.size());
  text += std::string("\1\5\0\0\0\1", 6);
  return text + head;
}

constexpr std::string_view kSettingsAck{"\0\0\0\4\1\0\0\0\0", 9};

// Whether `text` holds a frame that ends stream 1.
bool ends_stream(std::string_view text) {
  while (text.size() >= 9) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = static_cast<std::size_t>(byte(0)) << 16 | static_cast<std::size_t>(byte(1)) << 8 | byte(2);
    if (byte(3) <= 1 && (byte(4) & 1) != 0 && byte(8) == 1) return true;
    if (text.size() < 9 + size) return false;
    text.remove_prefix(9 + size);
  }
  return false;
}

std::string http1_request(const std::string& host) {
  return "GET " + std::string(kPath) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

bool complete(std::string_view text, bool http2) {
  if (http2) return ends_stream(text);
  const std::size_t size = response_size(text);
  return size != 0 && text.size() >= size;
}

void ask_once(const Connection& connection, bool http2, const std::string& host) {
  if (!connection.send(http2 ? http2_request(host) : http1_request(host))) die("heddle-bench-idle: send");
  std::string text;
  std::array<char, kBlock> block;
  while (!complete(text, http2)) {
    const std::size_t got = connection.receive(block);
    if (got == 0) die("heddle-bench-idle: receive");
    text.append(block.data(), got);
  }
  if (!http2 && !is_ok(text)) die("heddle-bench-idle: not 200");
  if (http2) connection.send(kSettingsAck);
}

ContextPtr tls_context(char** files) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files[0]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), files[1], SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_load_verify_locations(context.get(), files[2], nullptr) != 1) {
    die("heddle-bench-idle: certificates");
  }
  return context;
}

Connection open_one(uint16_t port, SSL_CTX* context, bool http2) {
  Connection connection{connect_loopback(port), nullptr};
  if (context == nullptr) return connection;
  const std::string_view alpn = http2 ? "\x02h2" : "\x08http/1.1";
  connection.ssl.reset(SSL_new(context));
  SSL_set_fd(connection.ssl.get(), connection.fd);
  SSL_set_alpn_protos(connection.ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                      static_cast<unsigned>(alpn.size()));
  if (SSL_connect(connection.ssl.get()) != 1) die("heddle-bench-idle: handshake");
  return connection;
}

int run(int argc, char** argv) {
  const auto port = static_cast<uint16_t>(std::atoi(argv[1]));
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  const bool http2 = std::strcmp(argv[3], "h2") == 0;
  const ContextPtr context = argc == 8 ? tls_context(argv + 5) : nullptr;
  std::vector<Connection> connections;
  connections.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    connections.push_back(open_one(port, context.get(), http2));
    ask_once(connections.back(), http2, argv[4]);
  }
  std::puts("open");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  if (argc != 5 && argc != 8) {
    std::fprintf(stderr, "usage: heddle-bench-idle PORT COUNT h1|h2 HOST [CERTIFICATE KEY ROOT]\n");
    return 2;
  }
  return heddle::bench::run(argc, argv);
}
