// EtcdLeadership: Leadership by a lease of etcd. Control loop.
#pragma once
#include "control/store/etcd_lease.h"
#include "control/store/leadership.h"

namespace heddle {
class EtcdLeadership final : public Leadership {
 public:
  // Takes part from now on.
  EtcdLeadership(EtcdClient&, Random&, EtcdLease::Options);
  bool leads() const override { return lease_.is_leader(); }
  void set_on_change(Task on_change) override { on_change_ = std::move(on_change); }
  // Who leads, by name, as last seen; empty: nobody is known to.
  std::string leader() const { return leads() ? self_ : lease_.leader(); }
  // For good: another one may lead at once. `done` as EtcdLease::resign().
  [[nodiscard]] Pending resign(Task done) { return lease_.resign(std::move(done)); }

 private:
  std::string self_;
  Task on_change_;
  EtcdLease lease_;
};
}  // namespace heddle
