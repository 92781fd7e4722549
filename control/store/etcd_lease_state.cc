#include "control/store/etcd_lease_state.h"

#include <algorithm>

namespace heddle {
EtcdLeaseState::Step EtcdLeaseState::next(MonoTime now) const {
  if (now < retry_at_) return Step::kWait;
  if (lease_ == 0) return Step::kGrant;
  if (now >= keep_at_) return Step::kKeepAlive;
  if (!token_ && now >= campaign_at_) return Step::kCampaign;
  return Step::kWait;
}

MonoTime EtcdLeaseState::wake_at(MonoTime now) const {
  MonoTime at = lease_ == 0 ? now : keep_at_;
  if (lease_ != 0 && !token_) at = std::min(at, campaign_at_);
  at = std::max(at, retry_at_);
  if (is_leader(now)) at = std::min(at, valid_until_);
  return std::max(at, now);
}

void EtcdLeaseState::on_granted(MonoTime sent, int64_t lease) {
  lease_ = lease;
  token_.reset();
  campaign_at_ = sent;
  on_kept(sent);
}

void EtcdLeaseState::on_kept(MonoTime sent) {
  valid_until_ = sent + options_.ttl - options_.margin;
  keep_at_ = sent + options_.ttl / 3;
}

void EtcdLeaseState::on_lease_lost() {
  lease_ = 0;
  token_.reset();
}

void EtcdLeaseState::on_elected(int64_t token) {
  token_ = token;
  leader_.clear();
}

void EtcdLeaseState::on_follower(MonoTime now, std::string leader) {
  token_.reset();
  leader_ = std::move(leader);
  campaign_at_ = now + options_.ttl / 3;
}

// A lease that may have expired meanwhile is not given up: etcd says so at the next keepalive.
void EtcdLeaseState::on_error(MonoTime now) { retry_at_ = now + options_.retry; }
}  // namespace heddle
