// RawOrigin: a TCP server for whole-proxy tests whose every connection is a function on a thread of its own: it reads
// and writes bytes as it likes, in any protocol. The connection closes when the function returns. Also DeadPort: an
// address on which nobody listens, and that nobody else gets. KeptPort: the same, on which a Listener of the test may
// listen, stop and listen again.
#pragma once
#include <map>
#include <mutex>

#include "tests/support/blocking_http.h"

namespace heddle {

class RawOrigin {
 public:
  // `index` counts the connections from 0; `requests` is for the script to count with.
  using Script = std::function<void(BlockingClient& peer, int index, std::atomic<int>& requests)>;
  explicit RawOrigin(Script script);
  ~RawOrigin();
  const Address& address() const { return address_; }
  // Connects are refused from now on; connections go on. Any thread.
  void stop_listening();
  int connections() const { return accepted_.load(); }
  int requests() const { return requests_.load(); }

 private:
  void accept_loop();
  void serve(UniqueFd fd, int index);
  void join_ended();  // thousands of connections must not leave thousands of threads behind
  Script script_;
  Address address_;
  UniqueFd listener_;
  std::atomic<int> accepted_{0};
  std::atomic<int> requests_{0};
  std::mutex mutex_;  // guards open_ and ended_
  std::vector<BlockingClient*> open_;
  std::vector<int> ended_;
  bool stopping_ = false;
  std::map<int, std::thread> threads_;  // by index; the acceptor's
  std::thread acceptor_;
};

class DeadPort {
 public:
  DeadPort();
  const Address& address() const { return address_; }

 private:
  Address address_;
  UniqueFd fd_;
};

class KeptPort {
 public:
  KeptPort();
  const Address& address() const { return address_; }

 private:
  Address address_;
  UniqueFd fd_;
};

// Reads one request (its body must have a declared length, or none) and gives it back whole; "" at the end.
std::string read_request(BlockingClient& peer);
}  // namespace heddle
