#include "lib/session/untrusted_peers.h"

#include <algorithm>

namespace heddle {
namespace {
using State = Departure::State;

bool has_same_roots(const TrustBundle& one, const TrustBundle& other) {
  std::vector<TrustDomain> domains = one.domains();
  if (domains != other.domains()) return false;
  return std::all_of(domains.begin(), domains.end(), [&](const TrustDomain& domain) {
    return one.find(domain)->digest() == other.find(domain)->digest();
  });
}
}  // namespace

// Whom of so many to take in this turn. Each weighs what it takes to be among those taken by its own end, so that the
// last of a crowd is taken in time and no turn takes many more than another; who has no other turn is always taken.
class UntrustedPeers::Share {
 public:
  explicit Share(size_t count) : least_(part(kPerSecond, std::max<uint64_t>(count, 1))) {}
  bool takes(Duration left) {
    auto turns = static_cast<uint64_t>(std::max<int64_t>(left / kTurn, 1));
    due_ += std::min(std::max(least_, part(1, turns)), kWhole);
    if (due_ < kWhole) return false;
    due_ -= kWhole;
    return true;
  }

 private:
  static constexpr uint64_t kWhole = uint64_t{1} << 32;
  // Rounded up: many parts make no less than the whole.
  static uint64_t part(uint64_t of, uint64_t among) { return (of * kWhole + among - 1) / among; }
  uint64_t least_;
  uint64_t due_ = 0;
};

void UntrustedPeers::use(std::shared_ptr<const TrustBundle> bundle) {
  if (bundle == nullptr) return;
  std::shared_ptr<const TrustBundle> before = std::exchange(bundle_, std::move(bundle));
  if (before == nullptr || has_same_roots(*before, *bundle_)) return;
  changed_at_ = scheduler_.now();
  look();
  if (!turn_.is_armed()) turn_.arm(scheduler_, kTurn);  // changes that come often do not put it off
}

template <class F>
void UntrustedPeers::for_each(F&& f) {
  for (ConnectionRegistry* registry : registries_) registry->for_each(f);
}

void UntrustedPeers::look() {
  for_each([this, now = scheduler_.now()](Connection& connection) {
    Departure& mark = connection.departure;
    if (mark.state == State::kTold || mark.state == State::kCut) return;
    if (connection.is_trusted(*bundle_)) {
      mark = {};
    } else if (mark.state == State::kNone) {
      mark = {State::kFound, now};
    }
  });
}

bool UntrustedPeers::is_due(const Connection& connection) const {
  const Departure& mark = connection.departure;
  return mark.state == State::kTold && scheduler_.now() - mark.since >= kAbortAfter;
}

void UntrustedPeers::on_turn() {
  look();
  MonoTime now = scheduler_.now();
  size_t found = 0;
  size_t due = 0;
  bool is_over = now - changed_at_ >= kWithin;
  for_each([&](Connection& connection) {
    State state = connection.departure.state;
    found += state == State::kFound;
    due += is_due(connection);
    is_over = is_over && state != State::kFound && state != State::kTold;
  });
  Share drains(found);
  Share aborts(due);
  Error why = make_error(Reason::kPeerCertificateInvalid, "the root of the peer's certificate was retired");
  for_each([&](Connection& connection) {
    Departure& mark = connection.departure;
    if (is_due(connection) && aborts.takes(mark.since + kWithin - now)) {
      mark.state = State::kCut;
      connection.abort(why);
    } else if (mark.state == State::kFound && drains.takes(mark.since + kDrainWithin - now)) {
      mark.state = State::kTold;
      connection.drain();
    }
  });
  if (!is_over) turn_.arm(scheduler_, kTurn);
}
}  // namespace heddle
