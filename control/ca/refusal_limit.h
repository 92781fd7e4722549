// RefusalLimit: how many refusals of one peer, and of all together, are written down one by one; the others are only
// counted, by peer. Without it a stranger could fill the disk with lines about himself. A peer is an identity that was
// proved, else an address (IPv6: its /64). Pure: time is a parameter; control loop.
#pragma once
#include <map>
#include <string>
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
  static constexpr size_t kMaxTold = 20;       // peers named by take()
  struct Uncounted {
    std::string peer;  // empty: several together
    size_t refusals = 0;
  };

  explicit RefusalLimit(MonoTime now) : all_(kAllPerSecond, kAllBurst, now) {}
  // False: it is counted.
  [[nodiscard]] bool admit(const std::string& peer, MonoTime now);
  // What was counted since the last time, most first.
  std::vector<Uncounted> take(MonoTime now);
  bool has_counted() const noexcept { return counted_ > 0; }

 private:
  struct Peer {
    TokenBucket bucket;
    size_t refusals = 0;
  };
  Peer& find(const std::string& peer, MonoTime now);
  TokenBucket all_;
  std::map<std::string, Peer> peers_;
  size_t counted_ = 0;
};

// By which a caller is told from others: "10.0.0.1", "2001:db8:0:1::/64".
std::string refusal_peer(std::string_view identity, std::string_view address);
}  // namespace heddle
