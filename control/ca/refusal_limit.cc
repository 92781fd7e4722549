#include "control/ca/refusal_limit.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/address.h"

namespace heddle {
namespace {
std::string network_of(const Address& address) {
  std::string ip = address.source().ip();
  return address.family() == Address::Family::kIpv6 ? ip + "/64" : ip;
}
}  // namespace

std::string refusal_peer(std::string_view identity, std::string_view address) {
  if (!identity.empty()) return std::string(identity);
  Result<Address> parsed = Address::parse(address);
  return parsed ? network_of(*parsed) : std::string(address);
}

// Who was not refused lately is forgotten. If nobody can be, newcomers share one row: memory stays bounded.
RefusalLimit::Peer& RefusalLimit::find(std::string_view peer, MonoTime now) {
  auto found = named_.find(peer);
  if (found == named_.end() && peers_.size() >= kMaxPeers) {
    forget_some(now);
    if (peers_.size() >= kMaxPeers) found = named_.find(peer = {});
  }
  if (found != named_.end()) {
    peers_.splice(peers_.end(), peers_, found->second);
    return peers_.back();
  }
  peers_.push_back({std::string(peer), TokenBucket(kPerSecond, kBurst, now)});
  named_.emplace(peers_.back().name, std::prev(peers_.end()));
  return peers_.back();
}

RefusalLimit::Peers::iterator RefusalLimit::forget(Peers::iterator peer) {
  named_.erase(peer->name);
  return peers_.erase(peer);
}

// Of those who were quiet the longest. Whose refusals are not told yet waits at the end, out of the others' way.
void RefusalLimit::forget_some(MonoTime now) {
  for (size_t i = 0; i < kLook && !peers_.empty(); ++i) {
    auto oldest = peers_.begin();
    if (oldest->refusals == 0 && oldest->bucket.is_full(now)) {
      forget(oldest);
    } else {
      peers_.splice(peers_.end(), peers_, oldest);
    }
  }
}

bool RefusalLimit::admit(const std::string& peer, MonoTime now) {
  Peer& row = find(peer, now);
  if (row.bucket.take(now) && all_.take(now)) return true;
  ++row.refusals;
  ++counted_;
  return false;
}

std::vector<RefusalLimit::Uncounted> RefusalLimit::take(MonoTime now) {
  std::vector<Uncounted> out;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (size_t refusals = std::exchange(peer->refusals, 0); refusals > 0) out.push_back({peer->name, refusals});
    peer = peer->bucket.is_full(now) ? forget(peer) : std::next(peer);
  }
  counted_ = 0;
  std::sort(out.begin(), out.end(), [](const Uncounted& a, const Uncounted& b) { return a.refusals > b.refusals; });
  if (out.size() <= kMaxTold) return out;
  Uncounted others;
  for (size_t i = kMaxTold; i < out.size(); ++i) others.refusals += out[i].refusals;
  out.resize(kMaxTold);
  out.push_back(std::move(others));
  return out;
}
}  // namespace heddle
