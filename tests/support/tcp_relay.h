// TcpRelay: stands between a client and one server on loopback, on a thread of its own, and loses an answer when told
// to: the request reaches the server, the client's connection is reset. Can be cut and healed. Not for TLS.
#pragma once
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/address.h"
#include "lib/base/unique_fd.h"

namespace heddle {
class TcpRelay {
 public:
  explicit TcpRelay(Address server);
  ~TcpRelay();
  const Address& address() const { return address_; }
  // The next answer on a connection whose client sent this text is lost. Once.
  void lose_answer_to(std::string text);
  int lost() const { return lost_.load(); }
  // Ends all connections, and each new one at once, until heal().
  void cut();
  void heal() { is_cut_.store(false); }

 private:
  struct Pair {
    UniqueFd client;
    UniqueFd server;
    std::string said;  // by the client
  };
  void run();
  void accept_one();
  bool carry(Pair&, bool from_client);
  bool loses(const Pair&);
  Address server_;
  Address address_;
  UniqueFd listener_;
  UniqueFd stop_read_;
  UniqueFd stop_write_;
  UniqueFd wake_;
  std::vector<Pair> pairs_;  // the thread's
  std::string armed_text_;   // written before armed_
  std::atomic<bool> armed_{false};
  std::atomic<int> lost_{0};
  std::atomic<bool> is_cut_{false};
  std::thread thread_;
};
}  // namespace heddle
