// Releases: sidecars that are about to end, and what keeps others on them: looks into views and scopes for their
// addresses and tells the ReleaseBook, and them. An address stands in the endpoints of backend sets. Owned by the
// WatchHub; control loop. One that nobody leaves costs nothing; with some, each answer of a sidecar costs a look at the
// sets that it holds and was sent, which are mostly shared and looked into once.
#pragma once
#include <functional>
#include <unordered_map>

#include "control/watch/release_book.h"
#include "control/watch/subscriber.h"

namespace heddle {
// Whether endpoints have one of a few addresses; remembers what it looked into, for as long as it lives. Pure.
class AddressUse {
 public:
  static constexpr size_t kMaxRemembered = 20'000;  // beyond, it begins anew
  explicit AddressUse(std::vector<Address> addresses) : addresses_(std::move(addresses)) {}
  bool is_in(const ScopeSet::Ptr&);  // false of nullptr
  // Of views that follow each other. Once it is in none, only backend sets that named an address before are looked
  // into.
  bool is_in(const View&);

 private:
  bool is_named_in(const StoredResource&) const;
  bool looks_into(const StoredResource::Ptr&);
  std::vector<Address> addresses_;  // port 0: any
  struct SetLook {
    ScopeSet::Ptr set;
    bool is_in;
  };
  struct ResourceLook {
    StoredResource::Ptr resource;
    bool is_in;
  };
  std::unordered_map<const ScopeSet*, SetLook> sets_;
  std::unordered_map<const StoredResource*, ResourceLook> resources_;
  std::vector<ResourceKey> naming_;  // backend sets of the last view
  bool was_in_ = true;
};

class Releases {
 public:
  bool empty() const noexcept { return leavers_.empty(); }
  // It says that it leaves; `everybody` is looked at once.
  void begin(Subscriber& leaver, const WatchDraining&, MonoTime now);
  // After an answer, a batch that began, a hello.
  void look_at(const Subscriber&);
  // Everything that sidecars may be sent from now on; `version`: of the newest.
  void look_at(const View& newest, const View* staged);
  // Its stream is gone, or ends.
  void forget(uint64_t id);
  // Since which version nothing names it, of each that is unlisted; f(version, AddressUse&) says how many sidecars of
  // other control planes may still use it.
  using Elsewhere = std::function<std::optional<size_t>(Version, AddressUse&)>;
  void look_elsewhere(const Elsewhere&);
  // Tells whoever is to be told; when to be called again at the latest.
  std::optional<MonoTime> tell(MonoTime now);

 private:
  struct Leaver {
    Subscriber* subscriber;
    AddressUse use;
    std::optional<Version> gone_since{};
  };
  ReleaseBook book_;
  std::map<uint64_t, Leaver> leavers_;
};
}  // namespace heddle
