// RefusalLimit: how many refusals of one peer, and of all together, are written down one by one; the others are only
// counted, by peer. Without it a stranger could fill the disk with lines about himself. A peer is an identity that was
// proved, else an address (IPv6: its /64). What a refusal costs does not grow with how many peers are remembered: who
// was quiet is forgotten a few at a time. Pure: time is a parameter; control loop.
#pragma once
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/token_bucket.h"

namespace heddle {
class RefusalLimit {
 public:
  static constexpr double kPerSecond = 0.1;  // of one peer
  static constexpr double kBurst = 20;
  static constexpr double kAllPerSecond = 5;
  static constexpr double kAllBurst = 200;
  static constexpr size_t kMaxPeers = 10'000;  // remembered; all others count as one
  static constexpr size_t kLook = 8;           // peers that may be forgotten for a newcomer
  static constexpr size_t kMaxTold = 20;       // peers named by take()
  struct Uncounted {
    std::string peer;  // empty: several together
    size_t refusals = 0;
  };

  explicit RefusalLimit(MonoTime now) : all_(kAllPerSecond, kAllBurst, now) {}
  RefusalLimit(const RefusalLimit&) = delete;
  RefusalLimit& operator=(const RefusalLimit&) = delete;
  // False: it is counted.
  [[nodiscard]] bool admit(const std::string& peer, MonoTime now);
  // What was counted since the last time, most first.
  std::vector<Uncounted> take(MonoTime now);
  bool has_counted() const noexcept { return counted_ > 0; }
  size_t peers() const noexcept { return peers_.size(); }  // remembered

 private:
  struct Peer {
    std::string name;
    TokenBucket bucket;
    size_t refusals = 0;
  };
  using Peers = std::list<Peer>;
  Peer& find(std::string_view peer, MonoTime now);
  void forget_some(MonoTime now);
  Peers::iterator forget(Peers::iterator);
  TokenBucket all_;
  Peers peers_;                                        // who was refused last is last
  std::map<std::string_view, Peers::iterator> named_;  // each by its own name
  size_t counted_ = 0;
};

// By which a caller is told from others: "10.0.0.1", "2001:db8:0:1::/64".
std::string refusal_peer(std::string_view identity, std::string_view address);
}  // namespace heddle
