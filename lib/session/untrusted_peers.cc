#include "lib/session/untrusted_peers.h"

#include <algorithm>

namespace heddle {
namespace {
bool has_same_roots(const TrustBundle& one, const TrustBundle& other) {
  std::vector<TrustDomain> domains = one.domains();
  if (domains != other.domains()) return false;
  return std::all_of(domains.begin(), domains.end(), [&](const TrustDomain& domain) {
    return one.find(domain)->digest() == other.find(domain)->digest();
  });
}
}  // namespace

void UntrustedPeers::use(std::shared_ptr<const TrustBundle> bundle) {
  std::shared_ptr<const TrustBundle> before = std::exchange(bundle_, std::move(bundle));
  if (before == nullptr || bundle_ == nullptr || has_same_roots(*before, *bundle_)) return;
  begun_at_ = scheduler_.now();
  turn_.arm(scheduler_, kTurn);
}

template <class F>
void UntrustedPeers::for_each_untrusted(F&& f) {
  for (ConnectionRegistry* registry : registries_) {
    registry->for_each([&](Connection& connection) {
      if (!connection.is_trusted(*bundle_)) f(connection);
    });
  }
}

// How many of so many to take in one turn, so that the last is taken by then.
size_t UntrustedPeers::share(size_t count, Duration until) const {
  Duration left = begun_at_ + until - scheduler_.now();
  size_t turns = std::max<size_t>(1, static_cast<size_t>(std::max(left, Duration{}) / kTurn));
  return std::max(kPerSecond, (count + turns - 1) / turns);
}

void UntrustedPeers::on_turn() {
  size_t told = 0;
  size_t untold = 0;
  for_each_untrusted([&](Connection& connection) { ++(connection.is_told_to_leave ? told : untold); });
  Duration age = scheduler_.now() - begun_at_;
  size_t drains = share(untold, kDrainWithin);
  size_t aborts = age >= kWithin ? told + untold : age >= kAbortAfter ? share(told, kWithin) : 0;
  Error why = make_error(Reason::kPeerCertificateInvalid, "the root of the peer's certificate was retired");
  for_each_untrusted([&](Connection& connection) {
    if (connection.is_told_to_leave && aborts > 0) {
      --aborts;
      connection.abort(why);
    } else if (!connection.is_told_to_leave && drains > 0) {
      --drains;
      connection.is_told_to_leave = true;
      connection.drain();
    }
  });
  if (age < kWithin) turn_.arm(scheduler_, kTurn);
}
}  // namespace heddle
