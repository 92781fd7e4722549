// Blocking sockets for whole-proxy tests: a client that writes and reads raw bytes with a deadline, and an HTTP/1.1
// origin on a thread of its own. Loopback only; every wait is bounded by kPatience.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/address.h"
#include "lib/base/unique_fd.h"

namespace heddle {

// How a connection ended for the reader.
enum class Ended : uint8_t { kNot, kFin, kReset };

class BlockingClient {
 public:
  explicit BlockingClient(const Address&);
  explicit BlockingClient(UniqueFd accepted) : fd_(std::move(accepted)) {}
  bool is_connected() const { return static_cast<bool>(fd_); }
  void send(std::string_view bytes);
  void finish();  // half-close
  void reset();   // RST
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }
  // Reads until `end` is seen (it is part of the answer), the peer closes, or the patience is over.
  std::string read_until(std::string_view end);
  std::string read_exactly(size_t bytes);
  std::string read_all();   // until the peer closes
  std::string read_some();  // what is there, at least one byte; "" at the end
  // After a read came back short: why. kNot: the patience was over.
  Ended ended() const { return ended_; }
  // One GET with keep-alive; the whole answer (its length must be declared).
  std::string get(std::string_view path, std::string_view host = "hello.default");

 private:
  bool fill();
  UniqueFd fd_;
  std::string held_;
  Ended ended_ = Ended::kNot;
};

// Answers every request by `handler(head, body) -> raw answer`; "" closes the connection without an answer.
class BlockingOrigin {
 public:
  using Handler = std::function<std::string(const std::string& head, const std::string& body)>;
  explicit BlockingOrigin(Handler handler);
  ~BlockingOrigin();
  const Address& address() const { return address_; }
  int connections() const { return accepted_.load(); }
  int requests() const { return requests_.load(); }

 private:
  void accept_loop();
  void serve(int fd);
  Handler handler_;
  UniqueFd listener_;
  Address address_;
  std::atomic<int> accepted_{0};
  std::atomic<int> requests_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
  std::vector<int> open_;
};

std::string http_answer(std::string_view body, std::string_view extra_fields = "");
}  // namespace heddle
