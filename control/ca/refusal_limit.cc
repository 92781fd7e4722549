#include "control/ca/refusal_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/base/address.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string network_of(const Address& address) {
  if (address.family() != Address::Family::kIpv6) return address.ip();
  sockaddr_storage storage{};
  address.to_sockaddr(storage);
  sockaddr_in6 six{};
  std::memcpy(&six, &storage, sizeof six);
  std::memset(six.sin6_addr.s6_addr + 8, 0, 8);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size()) == nullptr) return address.ip();
  return str_cat(text.data(), "/64");
}
}  // namespace

std::string refusal_peer(std::string_view identity, std::string_view address) {
  if (!identity.empty()) return std::string(identity);
  Result<Address> parsed = Address::parse(address);
  return parsed ? network_of(*parsed) : std::string(address);
}

// Who was not refused lately is forgotten. If all were, newcomers share one row: memory stays bounded.
RefusalLimit::Peer& RefusalLimit::find(const std::string& peer, MonoTime now) {
  if (auto found = peers_.find(peer); found != peers_.end()) return found->second;
  if (peers_.size() >= kMaxPeers) {
    std::erase_if(peers_,
                  [now](const auto& entry) { return entry.second.refusals == 0 && entry.second.bucket.is_full(now); });
  }
  const std::string& key = peers_.size() >= kMaxPeers ? std::string() : peer;
  return peers_.try_emplace(key, Peer{TokenBucket(kPerSecond, kBurst, now)}).first->second;
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
  for (auto& [peer, row] : peers_) {
    if (size_t refusals = std::exchange(row.refusals, 0); refusals > 0) out.push_back({peer, refusals});
  }
  counted_ = 0;
  std::erase_if(peers_, [now](const auto& entry) { return entry.second.bucket.is_full(now); });
  std::sort(out.begin(), out.end(), [](const Uncounted& a, const Uncounted& b) { return a.refusals > b.refusals; });
  if (out.size() <= kMaxTold) return out;
  Uncounted others;
  for (size_t i = kMaxTold; i < out.size(); ++i) others.refusals += out[i].refusals;
  out.resize(kMaxTold);
  out.push_back(std::move(others));
  return out;
}
}  // namespace heddle
