// EtcdLeaseState: who may do what only one control plane may do. A candidate has a lease of etcd with a time to live;
// who creates the key <prefix>leader/<name> with its lease leads. Leadership is believed only until the last keepalive
// that etcd confirmed was *sent*, plus the time to live, minus a margin, on the monotonic clock: etcd deletes the key
// no earlier, so no two processes believe at the same moment that they lead, however long one of them slept. The
// fencing token (the key's create_revision) grows from leader to leader; a leader's writes compare it. Pure: says what
// to ask etcd next, and is told the answers.
#pragma once
#include <optional>
#include <string>

#include "lib/base/clock.h"

namespace heddle {
class EtcdLeaseState {
 public:
  struct Options {
    Duration ttl = 10s;
    Duration margin = 1s;  // for clocks that run at different speed
    Duration retry = 1s;   // after an error
  };
  enum class Step : uint8_t {
    kWait,       // until wake_at()
    kGrant,      // a lease
    kKeepAlive,  // lease()
    kCampaign,   // create the key with lease(), or read who has it
  };
  explicit EtcdLeaseState(Options options) : options_(options) {}

  Step next(MonoTime now) const;
  // When next() or is_leader() changes without an answer.
  MonoTime wake_at(MonoTime now) const;

  // Answers; `sent` is when the request was.
  void on_granted(MonoTime sent, int64_t lease);
  void on_kept(MonoTime sent);
  void on_lease_lost();  // etcd no longer knows it
  void on_elected(int64_t token);
  void on_follower(MonoTime now, std::string leader);
  void on_error(MonoTime now);

  int64_t lease() const noexcept { return lease_; }
  bool is_leader(MonoTime now) const { return token_.has_value() && now < valid_until_; }
  // Of the leadership; nothing without.
  std::optional<int64_t> token(MonoTime now) const { return is_leader(now) ? token_ : std::nullopt; }
  const std::string& leader() const noexcept { return leader_; }  // the other one, as last seen; may be empty

 private:
  Options options_;
  int64_t lease_ = 0;  // 0: none
  MonoTime valid_until_;
  MonoTime keep_at_;      // when the lease is kept alive next
  MonoTime campaign_at_;  // when the key is asked for next
  MonoTime retry_at_;
  std::optional<int64_t> token_;
  std::string leader_;
};
}  // namespace heddle
